"""Each step of a transform, measured by sizes and colours."""

import gc
import weakref
from dataclasses import dataclass, replace

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from tests.engine import pictures
from tests.engine.pictures import BLUE, GREEN, RED, WHITE
from transforms.engine import geometry, pipeline
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.steps import resize

SOURCE = pictures.saved(pictures.cornered(), "PNG")


def size(**values: object) -> tuple[int, int]:
    output = pictures.render(SOURCE, **values)
    assert pictures.seen(output).size == (output.width, output.height)
    return output.width, output.height


def corner_colours(**values: object) -> list[tuple[int, ...]]:
    return pictures.corners(pictures.seen(pictures.render(SOURCE, **values)), inset=3)


def grey(level: int, **values: object) -> tuple[int, ...]:
    data = pictures.saved(Image.new("RGB", (8, 8), (level,) * 3), "PNG")
    return pictures.seen(pictures.render(data, **values)).getpixel((4, 4))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (96, 64)),
        ({"w": 48}, (48, 32)),
        ({"h": 16}, (24, 16)),
        ({"w": 29}, (29, 19)),
        ({"h": 29}, (44, 29)),
        ({"w": 48, "h": 48}, (48, 32)),
        ({"w": 960}, (96, 64)),
        ({"w": 192, "enlarge": True}, (192, 128)),
        ({"w": 40, "h": 40, "fit": "cover"}, (40, 40)),
        ({"w": 960, "h": 960, "fit": "cover"}, (64, 64)),
        ({"w": 128, "h": 128, "fit": "cover", "enlarge": True}, (128, 128)),
        ({"w": 40, "h": 50, "fit": "fill"}, (40, 50)),
        ({"w": 200, "h": 50, "fit": "fill"}, (96, 50)),
        ({"w": 200, "h": 50, "fit": "fill", "enlarge": True}, (200, 50)),
        ({"w": 60, "h": 60, "fit": "pad"}, (60, 60)),
        ({"w": 200, "h": 200, "fit": "pad"}, (200, 200)),
        ({"dpr": 0.5}, (48, 32)),
        ({"rotate": 90}, (64, 96)),
        ({"rotate": 90, "w": 32}, (32, 48)),
        ({"crop": ("px", 10, 10, 30, 20)}, (30, 20)),
        ({"crop": ("px", 90, 60, 30, 20)}, (6, 4)),
        ({"crop": ("fr", 0.5, 0.5, 0.5, 0.5), "w": 24}, (24, 16)),
        ({"padding": 5, "w": 48}, (58, 42)),
    ],
)
def test_sizes(values, expected):
    assert size(**values) == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"rotate": 90}, [BLUE, RED, WHITE, GREEN]),
        ({"rotate": 180}, [WHITE, BLUE, GREEN, RED]),
        ({"rotate": 270}, [GREEN, WHITE, RED, BLUE]),
        ({"flip": "h"}, [GREEN, RED, WHITE, BLUE]),
        ({"flip": "v"}, [BLUE, WHITE, RED, GREEN]),
        ({"flip": "hv"}, [WHITE, BLUE, GREEN, RED]),
        ({"crop": ("px", 0, 0, 40, 30)}, [RED] * 4),
        ({"crop": ("fr", 0.6, 0.6, 0.4, 0.4)}, [WHITE] * 4),
        ({"w": 20, "h": 60, "fit": "cover", "position": "left"}, [RED, RED, BLUE, BLUE]),
        ({"w": 20, "h": 60, "fit": "cover", "position": "right"}, [GREEN, GREEN, WHITE, WHITE]),
        ({"w": 20, "h": 60, "fit": "cover", "position": (1.0, 0.5)}, [GREEN, GREEN, WHITE, WHITE]),
        ({"w": 60, "h": 10, "fit": "cover", "position": "bottom-right"}, [BLUE, WHITE, BLUE, WHITE]),
        (
            {"w": 96, "h": 96, "fit": "pad", "position": "top", "background": "123456"},
            [RED, GREEN, (18, 52, 86), (18, 52, 86)],
        ),
        (
            {"w": 96, "h": 96, "fit": "pad", "position": "bottom", "background": "123456"},
            [(18, 52, 86), (18, 52, 86), BLUE, WHITE],
        ),
        ({"padding": 8, "background": "0000ff"}, [BLUE] * 4),
    ],
)
def test_corners(values, expected):
    assert all(pictures.near(a, b, 3) for a, b in zip(corner_colours(**values), expected, strict=True))


@pytest.mark.parametrize(
    ("level", "values", "expected"),
    [
        (100, {"brightness": 1.5}, (150,) * 3),
        (200, {"brightness": 2}, (255,) * 3),
        (100, {"contrast": 2}, (72,) * 3),
        (100, {"contrast": 0}, (128,) * 3),
        (64, {"gamma": 2}, (128,) * 3),
        (0, {"gamma": 2}, (0,) * 3),
        (0, {"tint": "ff8000"}, (0, 0, 0)),
        (255, {"tint": "ff8000"}, (255, 255, 255)),
        (127, {"tint": "ff8000"}, (255, 128, 0)),
        (100, {"hue": 120}, (100,) * 3),
    ],
)
def test_levels(level, values, expected):
    assert pictures.near(grey(level, **values), expected, 2)


def test_hue_turns_red_towards_green_as_css_does():
    red = pictures.seen(pictures.render(SOURCE, hue=120)).getpixel((3, 3))
    assert pictures.near(red, (0, 113, 0), 3)


def test_saturation_and_grayscale_take_the_colour_out():
    for values in ({"saturation": 0}, {"grayscale": True}):
        assert pictures.near(corner_colours(**values)[0], (76, 76, 76), 2)
    strong = pictures.seen(
        pictures.render(pictures.saved(Image.new("RGB", (4, 4), (150, 100, 100)), "PNG"), saturation=2)
    )
    assert strong.getpixel((1, 1))[0] > 170


@pytest.mark.parametrize(
    "values", [{"brightness": 1.4}, {"saturation": 0}, {"hue": 90}, {"tint": "ff0000"}, {"sharpen": 3}]
)
def test_colour_steps_leave_alpha_alone(values):
    data = pictures.saved(Image.new("RGBA", (8, 8), (90, 120, 150, 77)), "PNG")
    assert pictures.seen(pictures.render(data, **values)).getpixel((4, 4))[3] == 77


def test_blur_is_the_gaussian_asked_for_and_sharpen_its_opposite():
    image = pictures.noisy()
    data = pictures.saved(image, "PNG")
    reference = image.filter(ImageFilter.GaussianBlur(3))
    assert pictures.psnr(pictures.seen(pictures.render(data, blur=3)), reference) > 45
    edge = Image.new("RGB", (40, 8), (80, 80, 80))
    edge.paste((160, 160, 160), (20, 0, 40, 8))
    row = np.asarray(pictures.seen(pictures.render(pictures.saved(edge, "PNG"), sharpen=2)))[4, :, 0]
    assert row.min() < 70
    assert row.max() > 170


def test_scaling_is_as_good_as_lanczos():
    image = pictures.shaded(1600, 1200)
    reference = image.resize((200, 150), Image.Resampling.LANCZOS)
    for name, least in (("PNG", 40), ("JPEG", 38)):
        output = pictures.render(pictures.saved(image, name, quality=95), w=200)
        assert pictures.psnr(pictures.seen(output), reference) > least


def test_a_crop_of_a_jpeg_decoded_small_shows_the_same_part():
    data = pictures.saved(pictures.cornered(1600, 1200), "JPEG", quality=95)
    image = pictures.seen(pictures.render(data, crop=("px", 800, 0, 800, 600), w=100))
    assert image.size == (100, 75)
    assert all(pictures.near(corner, GREEN, 8) for corner in pictures.corners(image, 3))


def test_radius_clears_the_corners_and_nothing_else():
    image = pictures.seen(pictures.render(SOURCE, radius=20))
    assert image.getpixel((0, 0))[3] == image.getpixel((95, 63))[3] == 0
    assert image.getpixel((20, 0))[3] == image.getpixel((0, 20))[3] == image.getpixel((48, 32))[3] == 255
    circle = pictures.seen(pictures.render(SOURCE, radius="max", crop=("px", 0, 0, 60, 60)))
    opaque = (np.asarray(circle.getchannel("A")) / 255).sum()
    assert abs(opaque - np.pi * 30**2) < 15


def test_trim_cuts_a_uniform_border_within_its_tolerance():
    image = Image.new("RGB", (100, 80), (250, 250, 250))
    image.paste((240, 250, 250), (10, 10, 90, 70))
    image.paste((10, 20, 30), (30, 20, 70, 50))
    data = pictures.saved(image, "PNG")
    strict, loose = pictures.render(data, trim=5), pictures.render(data, trim=20)
    assert (strict.width, strict.height) == (80, 60)
    assert (loose.width, loose.height) == (40, 30)
    plain = pictures.render(pictures.saved(Image.new("RGB", (30, 20), RED), "PNG"), trim=10)
    assert (plain.width, plain.height) == (30, 20)


def test_trim_keeps_whatever_moves_in_an_animation():
    frames = [Image.new("RGB", (60, 40), WHITE) for _ in range(2)]
    frames[0].paste(RED, (10, 10, 20, 20))
    frames[1].paste(RED, (30, 10, 50, 30))
    output = pictures.render(pictures.animated("GIF", frames, duration=50), "gif", trim=10)
    assert (output.width, output.height) == (40, 20)


def test_a_half_clear_background_stays_half_clear():
    clear = pictures.saved(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")
    assert pictures.seen(pictures.render(clear, background="ff000080")).getpixel((1, 1)) == (255, 0, 0, 128)


def test_a_crop_outside_the_picture_is_refused_by_name():
    with pytest.raises(EngineError) as excinfo:
        pictures.render(SOURCE, crop=("px", 96, 0, 10, 10))
    assert (excinfo.value.code, excinfo.value.param) == ("invalid_parameter", "crop")


SHAPES = [(16_000, 1), (1, 16_000), (1, 1), (3, 2), (2, 3), (33, 17)]
BOXES = [
    {"w": 1},
    {"h": 1},
    {"w": 8192},
    {"w": 8192, "enlarge": True},
    {"w": 8192, "h": 1, "fit": "cover"},
    {"w": 1, "h": 8192, "fit": "fill", "enlarge": True},
    {"w": 5, "h": 7, "fit": "pad"},
    {"dpr": 0.1},
    {"crop": ("fr", 0.5, 0.5, 0.1, 0.1), "rotate": 90, "w": 1},
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("values", BOXES)
def test_extreme_shapes_never_lose_a_side(shape, values):
    """I15"""
    data = pictures.saved(Image.new("RGB", shape, RED), "PNG")
    for name in ("jpeg", "webp", "gif"):
        try:
            output = pictures.render(data, name, Limits(output_pixels=1_000_000), **values)
        except EngineError as refusal:
            assert refusal.code == "output_too_large"
        else:
            assert min(pictures.seen(output).size) >= 1


@pytest.mark.parametrize("values", [{"w": 60, "h": 60, "fit": "pad"}, {"padding": 40}, {"dpr": 4, "enlarge": True}])
def test_an_output_beyond_the_pixel_limit_is_refused(values):
    """I16"""
    with pytest.raises(EngineError) as excinfo:
        pictures.render(pictures.saved(Image.new("RGB", (30, 30)), "PNG"), limits=Limits(output_pixels=3_000), **values)
    assert excinfo.value.code == "output_too_large"


TALL = {"w": 60, "enlarge": True}


@pytest.mark.parametrize(
    ("name", "values", "output_pixels"),
    [
        ("png", {"dpr": 4, "enlarge": True}, 3_000),
        ("png", {"w": 60, "h": 60, "fit": "pad"}, 3_000),
        ("png", {"padding": 900}, 50_000),
        ("png", {"crop": ("px", 0, 0, 2, 900), "rotate": 90, "w": 9_000, "enlarge": True}, 3_000),
        ("png", {"w": 2, "h": 900, "fit": "cover", "debug": "crop"}, 2_000),
        ("webp", TALL, 50_000_000),
        ("webp", {"padding": 8_200, "w": 1}, 500_000_000),
        ("nocompress", TALL, 50_000_000),
        ("webp", {"crop": ("px", 0, 2_000, 1, 1)}, 50_000_000),
    ],
)
def test_what_the_header_rules_out_is_refused_before_a_pixel_is_decoded(name, values, output_pixels, monkeypatch):
    """H13: outsiders ask for such pictures, whose refusal is free."""
    data = pictures.saved(Image.new("RGB", (3, 1_000)), "WEBP")
    monkeypatch.setattr(decode, "_frames", None)
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, name, Limits(output_pixels=output_pixels), **values)
    assert excinfo.value.code == ("invalid_parameter" if "crop" in values and name == "webp" else "output_too_large")
    assert excinfo.value.is_early


@pytest.mark.parametrize(("name", "is_negotiated"), [("webp", True), ("auto", False), ("png", False)])
def test_a_picture_whose_format_may_hold_it_is_made(name, is_negotiated):
    data = pictures.saved(Image.new("RGB", (3, 1_000)), "PNG")
    output = pictures.rendered(pictures.job(data, name, **TALL), is_negotiated=is_negotiated)
    assert pictures.seen(output).size == (60, 20_000)


def test_what_is_trimmed_is_known_from_pixels_alone():
    image = Image.new("RGB", (300, 300), pictures.WHITE)
    image.paste(RED, (100, 100, 130, 130))
    data, limits = pictures.saved(image, "PNG"), Limits(output_pixels=10_000)
    output = pictures.render(data, limits=limits, trim=10)
    assert pictures.seen(output).size == (30, 30)
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, limits=limits, trim=10, padding=100)
    assert excinfo.value.code == "output_too_large" and not excinfo.value.is_early


def test_a_step_that_is_not_asked_for_returns_the_very_same_picture():
    @dataclass(frozen=True)
    class Untouched:
        """Stands for a picture that no step may look into; resize reads its size, and notes what it came to."""

        nominal: tuple[int, int] = (10, 10)
        size: tuple[int, int] = (10, 10)
        frames: tuple = ()
        warnings: tuple = ()
        shape: object = None

    picture = Untouched()
    for step in pipeline.STEPS:
        applied = step.apply(picture, {}, Limits())
        assert applied is picture or (step is resize and replace(applied, shape=None) == picture), step.__name__


def test_every_named_position_is_within_the_unit_square():
    assert all(0 <= part <= 1 for position in geometry.NAMED_POSITIONS.values() for part in position)


class Inverting:
    """A step that makes new frames, and counts how many of those made in `frames` are alive once it has."""

    def __init__(self, frames: list[weakref.ref], alive: list[int]):
        self.frames, self.alive = frames, alive

    def apply(self, picture: Picture, values: dict, limits: Limits) -> Picture:
        changed = picture.mapped(ImageOps.invert)
        self.frames += map(weakref.ref, changed.frames)
        gc.collect()
        self.alive.append(sum(frame() is not None for frame in self.frames))
        return changed


@pytest.mark.parametrize("is_compared", [False, True])
def test_while_a_step_is_at_work_only_its_frames_and_those_of_the_one_before_are_alive(monkeypatch, is_compared):
    """I3"""
    frames: list[weakref.ref] = []
    alive: list[int] = []
    steps = [Inverting(frames, alive) for _ in range(4)]
    monkeypatch.setattr(pipeline, "STEPS", steps)
    monkeypatch.setattr(pipeline, "COMPARED", dict.fromkeys(steps, "blur"))
    values = {"blur": 1} if is_compared else {}
    picture = pipeline.processed(decode.open_picture(SOURCE, Limits()), values, Limits())
    assert alive == [1, 2, 2, 2] and picture.idle == ()
