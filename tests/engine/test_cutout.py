"""background-remove: the subject stays, the rest is clear, and the edge carries nothing of what was behind it."""

import sys

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from imgapis.devstack import downloads
from tests.engine import networks, pictures
from transforms.engine.errors import EngineError
from transforms.engine.vision import matte, network

pytestmark = pytest.mark.prove

ORANGE, GRASS = (235, 120, 20), (40, 110, 50)


@pytest.fixture(scope="module", autouse=True)
def weights():
    """The model, fetched by set-up."""
    with networks.loaded(network.SUBJECTS, downloads.model()):
        yield


def disc(width: int = 400, height: int = 300, radius: int = 80) -> tuple[Image.Image, Image.Image]:
    """A fruit on grass, and its true matte: four times as large first, so that edges are soft."""
    big = Image.new("L", (width * 4, height * 4))
    middle = (width * 2, height * 2)
    ImageDraw.Draw(big).ellipse([middle[i % 2] + (-1 if i < 2 else 1) * radius * 4 for i in range(4)], fill=255)
    alpha = big.resize((width, height), Image.Resampling.BOX)
    rng = np.random.default_rng(3)
    ground = np.clip(np.array(GRASS) + rng.normal(0, 12, (height, width, 1)), 0, 255).astype(np.uint8)
    return Image.composite(Image.new("RGB", (width, height), ORANGE), Image.fromarray(ground), alpha), alpha


def coarse(alpha: Image.Image) -> np.ndarray:
    """A mask as a network of low resolution gives it: 80 x 80, 0 to 1."""
    small = alpha.resize((80, 80), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(1))
    return np.asarray(small, dtype=np.float32) / 255


def mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two mattes, 0 to 1."""
    return float(np.abs(np.asarray(one, dtype=float) - np.asarray(other, dtype=float)).mean() / 255)


@pytest.mark.parametrize("scale", [1, 6])
def test_a_coarse_mask_becomes_a_matte_on_the_pictures_own_edge(scale):
    image, alpha = (part.resize((400 * scale, 300 * scale), Image.Resampling.LANCZOS) for part in disc())
    mask = coarse(alpha)
    refined = matte.cut_out(image, mask).getchannel("A")
    scaled_mask = Image.fromarray((mask * 255).astype(np.uint8)).resize(alpha.size, Image.Resampling.BICUBIC)
    assert mean_difference(refined, alpha) < 0.004 < 0.012 < mean_difference(scaled_mask, alpha)


def test_the_edge_shows_no_halo_of_the_old_background():
    image, alpha = disc()
    cutout = matte.cut_out(image, coarse(alpha))
    composite = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), cutout).convert("RGB")
    reference = Image.composite(
        Image.new("RGB", image.size, ORANGE), Image.new("RGB", image.size, pictures.WHITE), alpha
    )
    edge = (np.asarray(alpha) > 20) & (np.asarray(alpha) < 235)
    error = np.abs(np.asarray(composite, dtype=float) - np.asarray(reference, dtype=float))[edge].mean()
    uncleaned_composite = Image.composite(image, Image.new("RGB", image.size, pictures.WHITE), alpha)
    uncleaned_error = np.abs(np.asarray(uncleaned_composite, dtype=float) - np.asarray(reference, dtype=float))[
        edge
    ].mean()
    assert error < uncleaned_error * 0.8


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (3, 2), (5000, 7)])
def test_any_shape_is_cut_out(size):
    """I15"""
    cutout = matte.cut_out(Image.new("RGB", size, ORANGE), np.ones((8, 8), dtype=np.float32))
    assert (cutout.size, cutout.mode) == (size, "RGBA") and cutout.getextrema()[3] == (255, 255)


@pytest.mark.parametrize("name", ["png", "webp", "avif"])
def test_the_subject_stays_and_the_rest_is_clear(name):
    output = pictures.render(pictures.saved(disc()[0], "PNG"), name, **{"background-remove": True})
    alpha = pictures.seen(output).convert("RGBA").getchannel("A")
    assert alpha.getpixel((200, 150)) == 255
    assert [alpha.getpixel(at) for at in ((5, 5), (394, 5), (5, 294), (200, 20))] == [0] * 4
    assert mean_difference(alpha, disc()[1]) < 0.01


@pytest.mark.parametrize(
    ("name", "values", "ground"), [("jpeg", {}, "ffffff"), ("png", {"background": "0000ff"}, "0000ff")]
)
def test_the_background_stands_behind_it(name, values, ground):
    image = pictures.seen(
        pictures.render(pictures.saved(disc()[0], "PNG"), name, **{"background-remove": True}, **values)
    )
    expected = tuple(bytes.fromhex(ground))
    assert all(pictures.near(corner, expected) for corner in pictures.corners(image))
    assert pictures.near(image.convert("RGB").getpixel((200, 150)), ORANGE)


def test_auto_becomes_png_as_the_result_is_transparent():
    output = pictures.render(pictures.saved(disc()[0], "JPEG"), "auto", **{"background-remove": True})
    assert output.content_type == "image/png"


def test_trim_then_cuts_to_the_subject_and_pad_lays_it_out():
    data = pictures.saved(disc()[0], "PNG")
    trimmed = pictures.render(data, "png", **{"background-remove": True}, trim=10)
    assert abs(trimmed.width - 161) <= 4 and abs(trimmed.height - 161) <= 4
    values = {"background-remove": True, "trim": 10, "fit": "pad", "w": 120, "h": 200}
    image = pictures.seen(pictures.render(data, "png", **values))
    assert image.size == (120, 200)
    assert image.getpixel((60, 10))[3] == 0 and image.getpixel((60, 100))[3] == 255


@pytest.mark.parametrize("values", [{"w": 50}, {"w": 50, "h": 50, "fit": "cover"}, {"crop": ("px", 100, 50, 200, 200)}])
def test_sizes_are_what_they_are_without_it(values):
    data = pictures.saved(disc()[0], "PNG")
    plain, cutout = (pictures.render(data, "png", **extra, **values) for extra in ({}, {"background-remove": True}))
    assert (cutout.width, cutout.height) == (plain.width, plain.height)
    assert pictures.seen(cutout).getchannel("A").getextrema()[1] == 255


def test_what_was_clear_stays_clear():
    image = disc()[0].convert("RGBA")
    image.paste((0, 0, 0, 0), (200, 0, 400, 300))
    alpha = pictures.seen(pictures.render(pictures.saved(image, "PNG"), "png", **{"background-remove": True}))
    assert alpha.getpixel((260, 150))[3] == 0


def test_a_picture_without_a_subject_stays_whole():
    data = pictures.saved(Image.new("RGB", (300, 200), (90, 90, 90)), "PNG")
    assert pictures.seen(pictures.render(data, "png", **{"background-remove": True})).mode == "RGB"


def test_an_animation_is_refused_by_name_and_its_first_frame_is_not():
    frames = [disc()[0], disc(radius=60)[0]]
    data = pictures.animated("GIF", frames, duration=50)
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, "webp", **{"background-remove": True})
    assert (excinfo.value.code, excinfo.value.param) == ("animation_unsupported", "background-remove")
    for name, values in (("jpeg", {}), ("webp", {"animated": False})):
        assert pictures.render(data, name, **{"background-remove": True}, **values).width == 400


@pytest.mark.parametrize("missing", ["weights", "runtime"])
def test_where_it_is_not_installed_the_answer_says_how_to_get_it(missing, monkeypatch):
    network._session.cache_clear()
    if missing == "weights":
        monkeypatch.setitem(network._files, network.SUBJECTS, "/nowhere/u2netp.onnx")
    else:
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(EngineError) as excinfo:
        pictures.render(pictures.saved(disc()[0], "PNG"), "png", **{"background-remove": True})
    assert (excinfo.value.code, excinfo.value.param) == ("background_removal_unavailable", "background-remove")
    assert "python -m imgapis.devstack model" in excinfo.value.message
