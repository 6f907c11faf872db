"""A mark is a second picture laid over the first: where, how wide, how strong, and what it may not do."""

import numpy as np
import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine import pipeline
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits
from transforms.engine.request import picture_parameters

GROUND, INK = (40, 80, 120), (250, 200, 10)
SOURCE = pictures.saved(Image.new("RGB", (120, 90), GROUND), "PNG")
MARK = pictures.saved(Image.new("RGB", (24, 18), INK), "PNG")


def render_marked(
    source: bytes = SOURCE, mark: bytes = MARK, name: str = "png", limits: Limits | None = None, **values
):
    values = {key.replace("_", "-"): value for key, value in values.items()} | {"mark": True}
    return pipeline.render(Job("transform", values, name, (source, mark), limits or Limits()))


def place(image: Image.Image) -> tuple[int, int, int, int] | None:
    """The bounding box (left, top, right, bottom) of the pixels that are not GROUND; None where all are."""
    differs = np.abs(np.asarray(image.convert("RGB")).astype(int) - GROUND).max(axis=-1) > 8
    return Image.fromarray(differs).getbbox()


@pytest.mark.parametrize(
    ("values", "box"),
    [
        ({}, (96, 72, 120, 90)),
        ({"mark_position": "top-left"}, (0, 0, 24, 18)),
        ({"mark_position": "center"}, (48, 36, 72, 54)),
        ({"mark_position": (0.25, 1.0)}, (24, 72, 48, 90)),
        ({"mark_padding": 6}, (90, 66, 114, 84)),
        ({"mark_padding": 6, "mark_position": "top-left"}, (6, 6, 30, 24)),
        ({"mark_w": 48}, (72, 54, 120, 90)),
        ({"mark_w": 0.5}, (60, 45, 120, 90)),
        ({"mark_w": 1.0}, (0, 0, 120, 90)),
        ({"mark_w": 4000}, (0, 0, 120, 90)),
        ({"mark_w": 1.0, "mark_padding": 10}, (17, 10, 110, 80)),
        ({"mark_padding": 2000, "mark_w": 2}, (74, 44, 76, 46)),
        ({"w": 60}, (36, 27, 60, 45)),
        ({"w": 60, "mark_w": 0.1}, (54, 41, 60, 45)),
        ({"crop": ("px", 0, 0, 60, 60)}, (36, 42, 60, 60)),
    ],
)
def test_a_mark_lies_where_it_is_put_and_never_reaches_beyond_the_picture(values, box):
    bounds = place(pictures.seen(render_marked(**values)))
    assert max(abs(a - b) for a, b in zip(bounds, box, strict=True)) <= 1


def test_every_named_position_touches_the_edges_it_names():
    for name in picture_parameters.POSITIONS:
        left, top, right, bottom = place(pictures.seen(render_marked(mark_position=name)))
        edges = {"left": left == 0, "top": top == 0, "right": right == 120, "bottom": bottom == 90}
        assert {edge for edge, touches in edges.items() if touches} == set(name.split("-")) - {"center"}, name


@pytest.mark.parametrize(("opacity", "expected"), [(1, INK), (0.5, (145, 140, 65)), (0, GROUND)])
def test_opacity_mixes_the_mark_with_the_picture(opacity, expected):
    image = pictures.seen(render_marked(mark_opacity=opacity))
    assert pictures.near(image.convert("RGB").getpixel((110, 80)), expected, 2)


def test_a_clear_part_of_a_mark_shows_the_picture_and_a_clear_picture_the_mark():
    ring = Image.new("RGBA", (24, 18), (*INK, 255))
    ring.paste((0, 0, 0, 0), (8, 6, 16, 12))
    image = pictures.seen(render_marked(mark=pictures.saved(ring, "PNG"), mark_position="top-left"))
    assert image.mode == "RGB" and image.getpixel((12, 9)) == GROUND and image.getpixel((2, 2)) == INK
    clear = pictures.saved(Image.new("RGBA", (120, 90), (0, 0, 0, 0)), "PNG")
    image = pictures.seen(render_marked(source=clear))
    assert image.getpixel((110, 80)) == (*INK, 255) and image.getpixel((10, 10))[3] == 0


def test_the_mark_keeps_its_colours_and_stays_inside_the_padding_and_the_rounded_corner():
    image = pictures.seen(render_marked(grayscale=True, padding=10, radius=20, background="ffffff")).convert("RGB")
    assert pictures.near(image.getpixel((112, 84)), INK, 2)
    assert image.getpixel((129, 99)) == image.getpixel((135, 50)) == (255, 255, 255)


def test_every_frame_of_an_animation_is_marked_and_the_times_stay():
    frames = [Image.new("RGB", (120, 90), (level, 60, 60)) for level in (10, 120, 230)]
    data = pictures.animated("GIF", frames, duration=[40, 90, 150], loop=0)
    for name in ("webp", "gif", "png"):
        image = pictures.seen(render_marked(source=data, name=name))
        assert image.n_frames == 3
        for index, duration in enumerate((40, 90, 150)):
            image.seek(index)
            image.load()
            assert image.info["duration"] == duration
            assert pictures.near(image.convert("RGB").getpixel((110, 80)), INK, 12)
            assert not pictures.near(image.convert("RGB").getpixel((20, 20)), INK, 12)


def test_a_mark_is_set_upright_and_of_an_animated_mark_the_first_frame_is_used():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned_mark = pictures.saved(Image.new("RGB", (24, 18), INK), "JPEG", exif=exif)
    left, top, right, bottom = place(pictures.seen(render_marked(mark=turned_mark)))
    assert (right - left, bottom - top) == (18, 24)
    animated_mark = pictures.animated("GIF", [Image.new("RGB", (24, 18), ink) for ink in (INK, (0, 0, 0))], duration=50)
    assert pictures.near(pictures.seen(render_marked(mark=animated_mark)).getpixel((110, 80)), INK, 6)


@pytest.mark.parametrize(
    ("mark", "limits", "code"),
    [
        (b"<html>", Limits(), "unsupported_format"),
        (MARK[:-30], Limits(), "broken_image"),
        (pictures.saved(Image.new("L", (300, 200)), "PNG"), Limits(source_pixels=50_000), "too_many_pixels"),
        (pictures.saved(Image.new("L", (300, 2)), "PNG"), Limits(source_side=200), "source_side_too_long"),
    ],
)
def test_a_mark_that_cannot_be_read_is_refused_as_a_source_would_be_and_named(mark, limits, code):
    """I1"""
    with pytest.raises(EngineError) as excinfo:
        render_marked(mark=mark, limits=limits)
    assert (excinfo.value.code, excinfo.value.param) == (code, "mark")


def test_a_marked_picture_is_no_mere_reencoding():
    """What is laid over may cost bytes: the mark is never dropped for them."""
    small = pictures.saved(Image.new("RGB", (120, 90), GROUND), "JPEG", quality=5)
    image = pictures.seen(render_marked(source=small, name="jpeg", mark=pictures.saved(pictures.noisy(60, 40), "PNG")))
    assert np.asarray(image)[55:, 65:].std() > 20
