"""The contact sheet: a tile for every example, drawn by the command from the files it is given."""

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from tests.commands import run
from tests.engine import golden_pictures
from transforms import contact_sheet
from transforms.engine import pipeline
from transforms.engine.request import picture_parameters


@pytest.mark.prove
def test_the_command_draws_every_example_of_a_photograph(tmp_path, settings, capsys):
    settings.VAR_DIR = tmp_path
    golden_pictures.framed().save(tmp_path / "framed.png")
    call_command("contact_sheet", str(tmp_path / "framed.png"))
    path = tmp_path / "contact-sheets" / "framed.png"
    assert capsys.readouterr().out.strip() == str(path)
    sheet = np.asarray(Image.open(path)).astype(int)
    pitch = contact_sheet.TILE + contact_sheet.MARGIN
    for index, query in enumerate(contact_sheet.EXAMPLES):
        row = contact_sheet.MARGIN + index // contact_sheet.ACROSS * (pitch + contact_sheet.CAPTION)
        column = contact_sheet.MARGIN + index % contact_sheet.ACROSS * pitch
        tile = sheet[row : row + contact_sheet.TILE, column : column + contact_sheet.TILE]
        assert tile.std() > 3 or "background-remove" in query, query


def test_the_command_draws_a_sheet_for_each_of_the_samples(tmp_path, settings, monkeypatch):
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(contact_sheet, "EXAMPLES", ("w=240", "w=240&rotate=90"))
    samples, sheets = tmp_path / "samples", tmp_path / "contact-sheets"
    samples.mkdir()
    for name in ("one.png", "two.png"):
        golden_pictures.framed().save(samples / name)
    (samples / "README.txt").write_text("no photograph")
    assert run("contact_sheet").splitlines() == [str(sheets / "one.png"), str(sheets / "two.png")]
    pitch = contact_sheet.TILE + contact_sheet.MARGIN
    for path in sheets.iterdir():
        tiles = np.asarray(Image.open(path)).astype(int)[contact_sheet.MARGIN :, contact_sheet.MARGIN :]
        first, second, third = (tiles[: contact_sheet.TILE, pitch * n : pitch * (n + 1)] for n in range(3))
        assert first.std() > 3 and second.std() > 3 and third.std() == 0, "a tile for each of the two examples"


def test_without_a_photograph_no_sheet_is_drawn(tmp_path, settings):
    settings.VAR_DIR = tmp_path
    with pytest.raises(CommandError, match="There are no photographs"):
        run("contact_sheet")
    with pytest.raises(CommandError, match=r"absent\.png"):
        run("contact_sheet", str(tmp_path / "absent.png"))
    assert list(tmp_path.iterdir()) == []


def test_every_step_and_every_position_is_on_the_sheet():
    words = " ".join(contact_sheet.EXAMPLES)
    parameters = {"resize": "w", "canvas": "fit=pad", "cutout": "background-remove"}
    for step in pipeline.STEPS:
        name = step.__name__.rpartition(".")[2]
        assert parameters.get(name, f"{name}=") in words, name
    assert all(f"mark-position={name}" in words for name in picture_parameters.POSITIONS)
