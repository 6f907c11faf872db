"""The contact sheet: a tile for every example, drawn by the command from the files it is given."""

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image

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


def test_every_step_and_every_position_is_on_the_sheet():
    words = " ".join(contact_sheet.EXAMPLES)
    parameters = {"resize": "w", "canvas": "fit=pad", "cutout": "background-remove"}
    for step in pipeline.STEPS:
        name = step.__name__.rpartition(".")[2]
        assert parameters.get(name, f"{name}=") in words, name
    assert all(f"mark-position={name}" in words for name in picture_parameters.POSITIONS)
