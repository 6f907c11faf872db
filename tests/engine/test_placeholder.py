"""Placeholders: a BlurHash or a colour, given or taken from a source, at the size asked for."""

import blurhash_rs
import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.operations import blurhash, placeholder

HASH = "LEHV6nWB2yk8pyo0adR*.7kCMdnj"
SHADED = pictures.saved(pictures.shaded(400, 200), "PNG")


def draw(kind: str, source: bytes | None = None, output_format: str = "png", **values) -> Output:
    sources = () if source is None else (source,)
    return placeholder.render(Job(f"placeholder/{kind}", values, output_format, sources, Limits()))


def pixel(output: Output, at: tuple[int, int] = (1, 1)) -> tuple[int, ...]:
    return pictures.seen(output).convert("RGBA").getpixel(at)


def test_a_hash_is_drawn_as_its_reference_decoder_draws_it():
    output = draw("blurhash", blurhash=HASH, w=100, h=60)
    assert (output.width, output.height, output.content_type) == (100, 60, "image/png")
    assert pictures.psnr(pictures.seen(output), blurhash_rs.blurhash_decode(HASH, 100, 60)) > 50


def test_a_large_drawing_of_a_hash_is_enlarged_without_visible_difference():
    image = blurhash.draw(HASH, (1200, 800), 1)
    assert pictures.psnr(image, blurhash_rs.blurhash_decode(HASH, 1200, 800)) > 40


def test_punch_multiplies_the_contrast():
    spreads = []
    for punch in (0, 1, 2):
        image = pictures.seen(draw("blurhash", blurhash=HASH, w=40, h=40, punch=punch)).convert("L")
        least, most = image.getextrema()
        spreads.append(most - least)
    assert spreads[0] == 0
    assert spreads[0] < spreads[1] < spreads[2]


def test_a_hash_that_cannot_be_read_is_refused_by_name():
    with pytest.raises(EngineError) as excinfo:
        draw("blurhash", blurhash="LEHV6n", w=40, h=40)
    assert (excinfo.value.code, excinfo.value.param) == ("invalid_parameter", "blurhash")


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({}, (400, 200)),
        ({"w": 100}, (100, 50)),
        ({"h": 100}, (200, 100)),
        ({"w": 100, "h": 100}, (100, 50)),
        ({"w": 100, "h": 100, "fit": "cover"}, (100, 100)),
        ({"w": 800}, (800, 400)),
        ({"dpr": 2}, (800, 400)),
        ({"dpr": 0.5}, (200, 100)),
        ({"w": 1}, (1, 1)),
    ],
)
@pytest.mark.parametrize("kind", ["blurhash", "color"])
def test_the_size_follows_the_box_and_else_the_source(kind, values, size):
    output = draw(kind, SHADED, **values)
    assert (output.width, output.height) == size == pictures.seen(output).size
    assert output.source_size == (400, 200)


def test_the_size_of_a_source_on_its_side_is_upright():
    """I11"""
    exif = Image.Exif()
    exif[0x0112] = 6
    output = draw("color", pictures.saved(pictures.shaded(400, 200), "JPEG", exif=exif))
    assert (output.width, output.height) == (200, 400)


def test_a_very_large_source_is_brought_down_to_4096():
    """I16"""
    output = draw("color", pictures.saved(Image.new("L", (8192, 100)), "PNG"))
    assert (output.width, output.height) == (4096, 50)


def test_a_blurhash_of_a_source_looks_like_it():
    source = pictures.shaded(400, 200)
    assert pictures.psnr(pictures.seen(draw("blurhash", SHADED)), source) > 20


def test_cover_sees_the_middle_only():
    image = Image.new("RGB", (300, 100), (255, 0, 0))
    image.paste((0, 0, 255), (100, 0, 200, 100))
    data = pictures.saved(image, "PNG")
    assert pixel(draw("color", data, w=50, h=50, fit="cover")) == (0, 0, 255, 255)
    assert pixel(draw("color", data, w=50, h=50)) == (255, 0, 0, 255)


@pytest.mark.parametrize("name", ["png", "webp", "avif", "jpeg"])
def test_a_colour_comes_out_as_it_was_asked_for(name):
    output = draw("color", color="3366cc", w=16, h=16, output_format=name)
    assert output.content_type == f"image/{name}"
    assert pictures.near(pixel(output), (0x33, 0x66, 0xCC, 255), 0 if name in ("png", "webp") else 3)


def test_a_translucent_colour_keeps_its_alpha():
    assert pixel(draw("color", color="ff000080", w=8, h=8)) == (255, 0, 0, 128)


def test_a_translucent_colour_lies_on_white_in_a_jpeg():
    assert pictures.near(pixel(draw("color", color="ff000080", w=8, h=8, output_format="jpeg")), (255, 127, 127, 255))


def test_the_colour_of_a_source_is_the_one_that_fills_most_of_it():
    image = Image.new("RGB", (100, 100), (10, 200, 30))
    image.paste((250, 250, 250), (0, 0, 40, 100))
    assert pixel(draw("color", pictures.saved(image, "PNG"))) == (10, 200, 30, 255)


def test_the_colour_of_a_clear_source_is_clear():
    clear = pictures.saved(Image.new("RGBA", (10, 10), (255, 0, 0, 0)), "PNG")
    assert pixel(draw("color", clear))[3] == 0
