"""What fit=cover keeps when it is asked to look: detail, saturation, skin, variety; or the object's focal point."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.engine import pictures
from transforms.engine import geometry
from transforms.engine.vision import attention

GROUND = (128, 128, 128)
SUBJECT = (200, 20, 40)
SUMS = ("smart", "entropy")
SKINS = [(241, 194, 160), (198, 134, 92), (141, 85, 55), (92, 56, 38)]


def checkered(size: int = 40) -> Image.Image:
    """A patch of detail without colour."""
    squares = (np.indices((size, size)) // 4).sum(axis=0) % 2 * 150 + 50
    return Image.fromarray(squares.astype(np.uint8)).convert("RGB")


def on_ground(patch: Image.Image, at: float, wide: bool = True) -> Image.Image:
    """A patch in an even field, its middle at the share `at` of the long side."""
    image = Image.new("RGB", (300, 100) if wide else (100, 300), GROUND)
    along = round(300 * at - patch.width / 2)
    image.paste(patch, (along, 30) if wide else (30, along))
    return image


def crop_middle(image: Image.Image, strategy: str) -> float:
    """The middle of the square that is cut out, as a share of the long side."""
    shares = (100 / image.width, 100 / image.height)
    position = attention.choose(image, shares, strategy).position[0 if image.width > image.height else 1]
    return (position * 200 + 50) / 300


@pytest.mark.parametrize("at", [0.17, 0.4, 0.6, 0.85])
@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize(
    ("strategy", "patch"),
    [
        ("smart", checkered()),
        ("smart", Image.new("RGB", (40, 40), SUBJECT)),
        *(("smart", Image.new("RGB", (40, 40), skin)) for skin in SKINS),
    ],
)
def test_the_subject_is_in_the_middle_of_what_is_kept(strategy, patch, at, wide):
    nearest = min(max(at, 1 / 6), 5 / 6)
    assert abs(crop_middle(on_ground(patch, at, wide), strategy) - nearest) < 0.04


@pytest.mark.parametrize("at", [0.17, 0.5, 0.85])
def test_entropy_keeps_the_whole_of_the_only_variety(at):
    image = on_ground(Image.fromarray(np.asarray(pictures.noisy(40, 40))), at)
    assert abs(crop_middle(image, "entropy") - at) < 0.12


def test_skin_outweighs_as_much_plain_colour():
    image = Image.new("RGB", (300, 100), GROUND)
    image.paste((60, 110, 160), (10, 30, 50, 70))
    image.paste(SKINS[1], (250, 30, 290, 70))
    assert crop_middle(image, "smart") > 0.7


def test_a_ground_in_the_colours_of_skin_is_no_face():
    image = Image.new("RGB", (300, 100), SKINS[1])
    image.paste((40, 110, 200), (0, 0, 100, 100))
    image.paste(checkered(), (30, 30))
    assert crop_middle(image, "smart") < 0.3


@pytest.mark.parametrize("strategy", SUMS)
@pytest.mark.parametrize("image", [Image.new("RGB", (90, 30)), Image.new("RGBA", (90, 30)), Image.new("RGB", (1, 1))])
def test_a_picture_with_nothing_in_it_keeps_its_middle(strategy, image):
    """I15"""
    assert attention.choose(image, (0.3, 1.0), strategy).position == (0.5, 0.5)


@pytest.mark.parametrize("strategy", SUMS)
def test_what_lies_under_clear_pixels_does_not_count(strategy):
    image = on_ground(checkered(), 0.8).convert("RGBA")
    alpha = Image.new("L", image.size, 255)
    alpha.paste(0, (150, 0, 300, 100))
    image.putalpha(alpha)
    half = Image.new("RGB", (300, 100))
    half.paste(GROUND, (0, 0, 150, 100))
    assert (
        attention.choose(image, (1 / 3, 1), strategy).position == attention.choose(half, (1 / 3, 1), strategy).position
    )


@pytest.mark.parametrize("strategy", SUMS)
@pytest.mark.parametrize("shape", [(4000, 3), (3, 4000), (7, 5), (2, 1)])
def test_extreme_shapes_have_a_place(strategy, shape):
    """I15"""
    position = attention.choose(Image.effect_noise(shape, 60).convert("RGB"), (0.01, 0.5), strategy).position
    assert all(0 <= part <= 1 for part in position)


def test_a_large_picture_is_judged_as_its_small_copy_is():
    small = on_ground(checkered(), 0.7)
    large = small.resize((3000, 1000), Image.Resampling.NEAREST)
    assert (
        abs(crop_middle(small, "smart") - (attention.choose(large, (1 / 3, 1), "smart").position[0] * 2 / 3 + 1 / 6))
        < 0.02
    )


def test_a_cover_with_smart_shows_the_subject():
    image = on_ground(Image.new("RGB", (40, 40), SUBJECT), 0.85)
    smart = pictures.seen(pictures.render(pictures.saved(image, "PNG"), w=50, h=50, fit="cover", position="smart"))
    assert pictures.near(smart.getpixel((28, 25)), SUBJECT, 10)
    middle = pictures.seen(pictures.render(pictures.saved(image, "PNG"), w=50, h=50, fit="cover"))
    assert not pictures.near(middle.getpixel((28, 25)), SUBJECT, 10)


def test_an_animation_is_cut_alike_in_all_its_frames():
    frames = [on_ground(Image.new("RGB", (40, 40), SUBJECT), at) for at in (0.85, 0.15)]
    data = pictures.animated("GIF", frames, duration=50)
    image = pictures.seen(pictures.render(data, "webp", w=50, h=50, fit="cover", position="smart"))
    assert pictures.near(image.convert("RGB").getpixel((28, 25)), SUBJECT, 20)
    image.seek(1)
    assert pictures.near(image.convert("RGB").getpixel((28, 25)), GROUND, 12)


CORNERED = pictures.saved(pictures.cornered(400, 100), "PNG")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"focal": (0.0, 0.5)}, pictures.RED),
        ({"focal": (1.0, 0.5)}, pictures.GREEN),
        ({"focal": (1.0, 0.5), "position": "left"}, pictures.RED),
        ({"focal": (1.0, 0.5), "flip": "h"}, pictures.GREEN),
        ({"focal": (0.0, 0.5), "flip": "h"}, pictures.RED),
        ({"focal": (0.6, 0.5), "crop": ("fr", 0.2, 0, 0.4, 1.0)}, pictures.GREEN),
        ({"focal": (0.0, 0.5), "crop": ("fr", 0.4, 0, 0.2, 1.0)}, pictures.RED),
    ],
)
def test_a_focal_point_is_kept_wherever_the_picture_was_turned(values, expected):
    output = pictures.render(CORNERED, w=20, h=40, fit="cover", **values)
    assert pictures.near(pictures.seen(output).getpixel((10, 5)), expected, 3)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, (0.25, 0.1)),
        ({"rotate": 90}, (0.9, 0.25)),
        ({"rotate": 180}, (0.75, 0.9)),
        ({"rotate": 270}, (0.1, 0.75)),
        ({"rotate": 90, "flip": "hv"}, (0.1, 0.75)),
        ({"crop": ("px", 0, 0, 50, 50)}, (0.5, 0.2)),
    ],
)
def test_a_focal_point_turns_with_the_picture(values, expected):
    assert geometry.focal({"focal": (0.25, 0.1), **values}, (100, 100)) == pytest.approx(expected)


def test_debug_draws_the_whole_picture_with_what_is_kept_and_dims_the_rest():
    image = Image.new("RGB", (600, 200), (200, 200, 200))
    ImageDraw.Draw(image).rectangle((480, 60, 560, 140), fill=SUBJECT)
    data = pictures.saved(image, "PNG")
    values = {"w": 300, "h": 300, "fit": "cover", "position": "left", "debug": "crop"}
    picture = pictures.seen(pictures.render(data, **values))
    assert picture.size == (600, 200)
    inside, outside = picture.getpixel((100, 100)), picture.getpixel((400, 100))
    assert inside == (200, 200, 200) and max(outside) < 80
    assert np.asarray(picture)[-15:, :200].max() == 255, "no words"


def test_debug_says_which_way_the_place_was_found():
    image = on_ground(Image.new("RGB", (40, 40), SUBJECT), 0.85)
    data = pictures.saved(image, "PNG")
    box = {"w": 100, "h": 100, "fit": "cover", "debug": "crop"}
    bodies = [
        pictures.render(data, **box, **values).body
        for values in ({}, {"position": "smart"}, {"position": "entropy"}, {"focal": (0.5, 0.5)})
    ]
    assert len(set(bodies)) == 4
    assert pictures.seen(pictures.render(data, w=40, debug="crop")).size == (40, 13)
