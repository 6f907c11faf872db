"""quality=auto and max-bytes: what they promise, how few encodings they take, and the same answer each time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from tests.engine import pictures
from tests.engine.test_ssim import photograph
from transforms.engine.codecs import decode, encode, quality, ssim
from transforms.engine.errors import EngineError
from transforms.engine.formats import FORMATS
from transforms.engine.limits import Limits

LOSSY = ["jpeg", "webp", "avif"]


def soft() -> Image.Image:
    """What is out of focus: little to keep."""
    return pictures.shaded(320, 240)


def busy() -> Image.Image:
    """Texture from edge to edge, with the noise taken down."""
    return pictures.noisy(320, 240).filter(ImageFilter.GaussianBlur(1.2))


def rendered_bytes(image: Image.Image, name: str, **values: object) -> bytes:
    return pictures.render(pictures.saved(image, "PNG"), name, **values).body


@given(st.integers(quality.FLOOR - 20, quality.CEILING + 20))
def test_the_search_finds_the_least_quality_that_serves_in_five_questions(threshold):
    tried_values = []

    def reaches(value: int) -> bool:
        tried_values.append(value)
        return value >= threshold

    best = quality.choose(reaches)
    steps = range(quality.FLOOR, quality.CEILING + 1, quality.STEP)
    assert best == next((value for value in steps if value >= threshold), quality.CEILING)
    assert len(tried_values) <= 5 and len(set(tried_values)) == len(tried_values)


@pytest.mark.prove
@pytest.mark.parametrize("name", LOSSY)
@pytest.mark.parametrize("image", [photograph(), busy()], ids=["photograph", "busy"])
def test_auto_meets_its_target_and_two_steps_less_would_not(name, image):
    body = rendered_bytes(image, name, quality="auto")
    assert ssim.worst(image, pictures.seen(body).convert("RGB")) >= FORMATS[name].ssim_target
    level = next(
        value
        for value in range(quality.FLOOR, quality.CEILING + 1, quality.STEP)
        if quality_of(image, name, value) == body
    )
    if level > quality.FLOOR:
        lower = pictures.seen(quality_of(image, name, level - quality.STEP)).convert("RGB")
        assert ssim.worst(image, lower) < FORMATS[name].ssim_target


def quality_of(image: Image.Image, name: str, value: int) -> bytes:
    """The bytes that auto makes at one quality."""
    picture = decode.open_picture(pictures.saved(image, "PNG"), Limits())
    return encode.encode(picture, name, {"quality": value}, tuned=True)[0]


@pytest.mark.parametrize("name", LOSSY)
def test_auto_spends_fewer_bytes_on_what_is_soft_and_is_the_same_each_time(name):
    assert rendered_bytes(soft(), name, quality="auto") == rendered_bytes(soft(), name, quality="auto")
    assert len(rendered_bytes(soft(), name, quality="auto")) < len(rendered_bytes(soft(), name))
    assert len(rendered_bytes(soft(), name, quality="auto")) < len(rendered_bytes(busy(), name, quality="auto"))


@pytest.mark.parametrize("name", LOSSY)
def test_auto_keeps_a_floor_and_a_ceiling(name):
    flat, noise = Image.new("RGB", (300, 200), pictures.RED), pictures.noisy(300, 200)
    assert rendered_bytes(flat, name, quality="auto") == quality_of(flat, name, quality.FLOOR)
    assert len(rendered_bytes(noise, name, quality="auto")) <= len(quality_of(noise, name, quality.CEILING))


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (8, 8), (4000, 3), (9, 5000)])
def test_auto_serves_every_shape(size):
    """I15"""
    for name in LOSSY:
        assert pictures.seen(rendered_bytes(Image.new("RGB", size, pictures.RED), name, quality="auto")).size == size


def test_a_large_picture_is_judged_by_tiles_from_all_over_at_full_scale():
    image = pictures.shaded(2000, 1500)
    sample = quality.sampled(image)
    assert sample.width * sample.height <= quality.SAMPLE_PIXELS
    assert sample.width % quality.TILE == sample.height % quality.TILE == 0
    tile = quality.TILE
    assert sample.crop((0, 0, tile, tile)).tobytes() == image.crop((0, 0, tile, tile)).tobytes()
    last = sample.crop((sample.width - tile, sample.height - tile, sample.width, sample.height))
    assert last.tobytes() == image.crop((2000 - tile, 1500 - tile, 2000, 1500)).tobytes()
    small = pictures.shaded(300, 200)
    assert quality.sampled(small) is small


@pytest.mark.parametrize("name", ["png", "gif", "nocompress"])
def test_auto_changes_nothing_where_there_is_no_quality(name):
    assert rendered_bytes(photograph(), name, quality="auto") == rendered_bytes(photograph(), name)


def test_auto_serves_transparency_and_animations():
    clear = photograph().convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    for name in ("webp", "avif"):
        assert pictures.seen(rendered_bytes(clear, name, quality="auto")).mode == "RGBA"
    animation = pictures.animated("GIF", [soft(), photograph()], duration=50)
    assert pictures.seen(pictures.render(animation, "webp", quality="auto")).n_frames == 2


@pytest.mark.parametrize("name", LOSSY)
@pytest.mark.parametrize("share", [0.9, 0.5, 0.2])
def test_max_bytes_lowers_the_quality_until_it_fits_and_no_further_than_needed(name, share):
    full_size = len(rendered_bytes(busy(), name))
    max_bytes = int(full_size * share)
    output = pictures.render(pictures.saved(busy(), "PNG"), name, **{"max-bytes": max_bytes})
    assert max_bytes * 0.7 < len(output.body) <= max_bytes
    assert output.warnings == ()


@pytest.mark.parametrize("name", LOSSY)
def test_max_bytes_leaves_alone_what_fits(name):
    assert rendered_bytes(soft(), name, **{"max-bytes": 1_000_000}) == rendered_bytes(soft(), name)


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("jpeg", {}, "no quality"),
        ("png", {}, "PNG and GIF"),
        ("gif", {}, "PNG and GIF"),
        ("webp", {"lossless": True}, "every pixel"),
    ],
)
def test_max_bytes_that_cannot_be_met_are_said_with_the_reason(name, values, reason):
    output = pictures.render(pictures.saved(pictures.noisy(400, 300), "PNG"), name, **{"max-bytes": 1000}, **values)
    assert any("max-bytes=1000" in warning and reason in warning for warning in output.warnings)
    assert pictures.seen(output).size == (400, 300)


def test_auto_and_max_bytes_go_together():
    full_size = len(rendered_bytes(busy(), "webp", quality="auto"))
    assert len(rendered_bytes(busy(), "webp", quality="auto", **{"max-bytes": full_size // 2})) <= full_size // 2


@given(st.integers(1_000, 400_000), st.floats(0.2, 4), st.integers(2, 5))
def test_fitting_takes_no_more_encodings_than_it_may(max_bytes, bend, encodings):
    """Sizes that grow with the quality in some way, as 300,000 x (quality/100) ^ bend."""
    tried_values = []

    def attempt(value: int) -> quality.Encoded:
        tried_values.append(value)
        return bytes(200 + int(300_000 * (value / 100) ** bend)), "image/jpeg", ()

    first = attempt(80)
    best = quality._within(attempt, first, 80, max_bytes, encodings) if len(first[0]) > max_bytes else first
    assert len(tried_values) - 1 <= encodings
    sizes = [200 + int(300_000 * (value / 100) ** bend) for value in tried_values]
    fitting_sizes = [size for size in sizes if size <= max_bytes]
    assert len(best[0]) == (max(fitting_sizes) if fitting_sizes else min(sizes))
    assert fitting_sizes or 1 in tried_values


def test_a_side_that_the_format_cannot_hold_is_refused_all_the_same():
    data = pictures.saved(Image.new("RGB", (70_000, 1)), "PNG")
    with pytest.raises(EngineError) as excinfo:
        pictures.render(data, "webp", Limits(source_side=100_000), quality="auto")
    assert excinfo.value.code == "output_too_large"
