"""Grids: where each picture stands, what fills the gaps, and what happens to dead sources."""

import itertools
import resource
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests import environment
from tests.engine import pictures
from transforms.engine import exhaustion
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.operations import grid

INKS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255))
BROKEN = pictures.saved(pictures.noisy(), "PNG")[:-400]


def flat(index: int, size: tuple[int, int] = (60, 40)) -> bytes:
    return pictures.saved(Image.new("RGB", size, INKS[index]), "PNG")


def render(sources: list[bytes | None], output_format: str = "png", limits: Limits | None = None, **values) -> Output:
    return grid.render(Job("grid", values, output_format, tuple(sources), limits or Limits()))


def drawing(output: Output) -> Image.Image:
    return pictures.seen(output).convert("RGBA")


def lines(count: int, **values) -> tuple[tuple[int, ...], bool]:
    layout = grid.layout(Job("grid", values, "png", ()), count)
    return layout.lines, layout.columns


@pytest.mark.parametrize(
    ("count", "values", "expected"),
    [
        (2, {}, ((2,), False)),
        (3, {}, ((1, 2), True)),
        (4, {}, ((2, 2), False)),
        (5, {}, ((2, 3), False)),
        (1, {}, ((1,), False)),
        (5, {"type": "row"}, ((5,), False)),
        (3, {"type": "column"}, ((3,), True)),
        (5, {"type": "column", "cols": 2}, ((3, 2), True)),
        (2, {"type": "column", "cols": 4}, ((1, 1), True)),
        (3, {"type": "classic"}, ((2, 1), False)),
        (5, {"type": "classic", "cols": 3}, ((3, 2), False)),
        (2, {"type": "classic", "cols": 5}, ((2,), False)),
    ],
)
def test_the_layout_follows_type_cols_and_count(count, values, expected):
    assert lines(count, **values) == expected


@given(
    count=st.integers(1, 5),
    kind=st.sampled_from(["auto", "classic", "column", "row"]),
    cols=st.none() | st.integers(1, 5),
)
def test_every_layout_has_a_cell_for_each_picture(count, kind, cols):
    counts, _ = lines(count, type=kind, **({"cols": cols} if cols else {}))
    assert sum(counts) == count
    assert min(counts) >= 1


@given(length=st.integers(1, 9000), count=st.integers(1, 5), gap=st.integers(0, 50))
def test_cells_fill_the_length_to_the_pixel_with_the_gap_between(length, count, gap):
    if length - gap * (count - 1) < count:
        with pytest.raises(EngineError):
            grid.spread(length, count, gap)
        return
    spans = grid.spread(length, count, gap)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(next_span[0] - span[1] == gap for span, next_span in itertools.pairwise(spans))
    sizes = [end - start for start, end in spans]
    assert max(sizes) - min(sizes) <= 1


def test_pictures_stand_in_the_order_given():
    output = render([flat(0), flat(1), flat(2), flat(3)], w=200, h=100)
    colours = [drawing(output).getpixel(spot)[:3] for spot in ((50, 25), (150, 25), (50, 75), (150, 75))]
    assert colours == list(INKS[:4])
    assert (output.width, output.height, output.composed) == (200, 100, 4)


def test_the_gap_is_transparent_without_a_background():
    image = drawing(render([flat(0), flat(1)], w=110, h=50, gap=10))
    assert image.getpixel((49, 25)) == (255, 0, 0, 255)
    assert [image.getpixel((x, 25))[3] for x in (50, 59)] == [0, 0]
    assert image.getpixel((60, 25)) == (0, 255, 0, 255)


def test_the_gap_shows_the_background():
    image = drawing(render([flat(0), flat(1)], w=110, h=50, gap=10, background="102030"))
    assert image.getpixel((55, 25)) == (0x10, 0x20, 0x30, 255)


def test_the_gap_is_white_in_a_jpeg():
    output = render([flat(0), flat(1)], "jpeg", w=160, h=48, gap=64)
    assert output.content_type == "image/jpeg"
    assert pictures.near(drawing(output).getpixel((80, 24))[:3], (255, 255, 255))


@pytest.mark.parametrize("size", [(400, 40), (40, 400), (7, 5), (3000, 1), (1, 3000)])
def test_a_cell_is_covered_whatever_the_shape_of_its_picture(size):
    image = drawing(render([flat(0, size), flat(1, size)], w=120, h=80, type="row"))
    assert sorted(image.getcolors()) == sorted((60 * 80, (*ink, 255)) for ink in INKS[:2])


def test_covering_keeps_the_middle():
    wide = Image.new("RGB", (300, 100), INKS[0])
    wide.paste(INKS[1], (100, 0, 200, 100))
    image = drawing(render([pictures.saved(wide, "PNG")] * 2, w=200, h=100))
    assert pictures.near(image.getpixel((5, 50))[:3], INKS[1])
    assert pictures.near(image.getpixel((95, 50))[:3], INKS[1])


@pytest.mark.parametrize("dead", [None, b"", b"<html>", BROKEN], ids=["unfetched", "empty", "html", "truncated"])
def test_a_dead_source_is_dropped_and_the_rest_laid_out_anew(dead):
    output = render([flat(0), dead, flat(1)], w=200, h=100)
    assert output.composed == 2
    assert [drawing(output).getpixel(spot)[:3] for spot in ((50, 50), (150, 50))] == [INKS[0], INKS[1]]


def test_a_source_that_breaks_behind_a_sound_header_is_dropped():
    jpeg = pictures.saved(pictures.noisy(), "JPEG")
    output = render([flat(0), jpeg[: len(jpeg) // 2], flat(1)], w=200, h=100)
    assert output.composed == 2


def test_no_source_left_is_refused():
    with pytest.raises(EngineError) as excinfo:
        render([None, b"junk"])
    assert (excinfo.value.code, excinfo.value.param) == ("no_source_left", "src")


def test_a_source_beyond_the_limits_is_dropped():
    """I1"""
    output = render([flat(0, (500, 500)), flat(1)], limits=Limits(source_pixels=10_000), w=100, h=100)
    assert output.composed == 1


def test_want_of_memory_is_not_mistaken_for_a_dead_source():
    """I4"""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    huge = pictures.saved(Image.new("I;16", (7000, 7000)), "PNG")  # 500 MB, more than earlier tests have left free
    sources = [flat(0), huge, flat(1)]
    address_space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (address_space + 40_000_000, limits[1]))
    try:
        with pytest.raises(EngineError) as excinfo:
            render(sources, w=100, h=100)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
    assert exhaustion.is_behind(excinfo.value)


def test_a_gap_without_room_for_pictures_is_refused_by_name():
    with pytest.raises(EngineError) as excinfo:
        render([flat(0), flat(1)], w=50, h=50, gap=50)
    assert (excinfo.value.code, excinfo.value.param) == ("invalid_parameter", "gap")


def test_a_sheet_beyond_the_output_limit_is_refused():
    """I16"""
    with pytest.raises(EngineError) as excinfo:
        render([flat(0), flat(1)], limits=Limits(output_pixels=9_999), w=100, h=100)
    assert excinfo.value.code == "output_too_large"


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({}, (120, 40)),
        ({"gap": 6}, (126, 40)),
        ({"dpr": 2, "gap": 3}, (246, 80)),
        ({"w": 240}, (240, 80)),
        ({"h": 20}, (60, 20)),
        ({"type": "column"}, (60, 80)),
        ({"w": 30, "h": 70}, (30, 70)),
    ],
)
def test_a_side_not_given_follows_from_the_first_picture(values, size):
    output = render([flat(0), flat(1, (10, 90))], **values)
    assert (output.width, output.height) == size


def test_without_a_box_the_sheet_stays_within_2048():
    output = render([flat(0, (1500, 1000)), flat(1)])
    assert (output.width, output.height) == (2048, 683)


@settings(max_examples=environment.count(8, 25, 100), deadline=None)
@given(
    count=st.integers(2, 5),
    kind=st.sampled_from(["auto", "classic", "column", "row"]),
    w=st.none() | st.integers(1, 300),
    h=st.none() | st.integers(1, 300),
    gap=st.integers(0, 20),
)
def test_any_grid_is_a_picture_of_the_size_it_says_or_a_refusal_of_the_gap(count, kind, w, h, gap):
    values = {name: value for name, value in {"type": kind, "w": w, "h": h, "gap": gap}.items() if value}
    try:
        output = render([flat(index) for index in range(count)], **values)
    except EngineError as error:
        assert error.param == "gap"
        return
    assert pictures.seen(output).size == (output.width, output.height)
    assert (w or output.width, h or output.height) == (output.width, output.height)
