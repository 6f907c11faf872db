"""BMPs are drawn as browsers draw them. tests/browser/test_stills.py asks Chromium again."""

import time

import numpy as np
import pytest
from PIL import Image

from tests.engine import bmps, pictures
from tests.engine.test_stills import cut, drawn
from transforms.engine.codecs import bmp, decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

CLEAR = 0


@pytest.mark.parametrize("name", bmps.PIXELS)
def test_every_kind_is_drawn_as_browsers_draw_it(name):
    """I2, I5, I12, I13"""
    data, wanted = bmps.PIXELS[name]
    got = [tuple(pixel) for pixel in np.asarray(drawn(data)).reshape(-1, 4).tolist()]
    assert [pixel if pixel[3] else (0, 0, 0, 0) for pixel in got] == wanted


@pytest.mark.parametrize("words", bmps.UNREAD)
def test_what_browsers_do_not_read_either_is_named(words):
    """I5"""
    with pytest.raises(EngineError) as excinfo:
        drawn(bmps.UNREAD[words])
    assert excinfo.value.code == "unsupported_variant" and f"This is {words}," in excinfo.value.message


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (33, 300), (256, 3)])
def test_what_pillow_writes_is_read_exactly(mode, size):
    image = pictures.noisy(*size).convert("RGB" if mode == "P" else mode)
    image = image.quantize(200) if mode == "P" else image
    got = drawn(pictures.saved(image, "BMP"))
    assert np.array_equal(np.asarray(got.convert("RGB")), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("name", ["8 bits", "24 bits", "bit fields", "RLE8"])
def test_a_cut_file_is_refused_and_where_it_is_allowed_its_rows_are_drawn(name):
    """I9"""
    data, wanted = bmps.PIXELS[name]
    part = data[:-4] if name != "RLE8" else data[:-6]
    with pytest.raises(EngineError) as excinfo:
        drawn(part)
    assert excinfo.value.code == "broken_image"
    image = drawn(part, truncated="allow")
    got = np.asarray(image).reshape(-1, 4)
    assert not got[: image.width, 3].any()
    assert [tuple(pixel) for pixel in got[image.width :].tolist()] == wanted[image.width :]


def test_the_padding_of_the_last_row_may_be_missing():
    image = pictures.noisy(3, 3)
    data = pictures.saved(image, "BMP")
    assert np.array_equal(np.asarray(drawn(data[:-3]).convert("RGB")), np.asarray(image))


def test_a_picture_of_runs_whose_palette_is_full_has_black_where_nothing_is_drawn():
    """No index is left that stands for black; the darkest colour comes next to it."""
    palette = (*((255, level, level) for level in range(255)), (1, 1, 1))
    data = bmps.bmp((4, 1), 8, bytes((2, 7, 0, 1)), 1, palette=palette)
    assert [drawn(data).getpixel((x, 0))[:3] for x in range(4)] == [(255, 7, 7)] * 2 + [(1, 1, 1)] * 2


def test_dimensions_are_bounded_before_anything_is_decoded():
    """I1, I8"""
    for size in ((60_000, 60_000), (2**31 - 1, 1), (1, -(2**31))):
        with pytest.raises(EngineError) as excinfo:
            decode.probe(bmps.bmp(size, 8, b""), Limits())
        assert excinfo.value.code in ("too_many_pixels", "source_side_too_long")


def test_commands_without_end_are_bounded():
    """I8: jumps that lead nowhere."""
    data = bmps.bmp((4, 3), 8, bytes((0, 2, 0, 0)) * 7_000_000, 1)
    started = time.process_time()
    with pytest.raises(EngineError):
        drawn(data)
    assert time.process_time() - started < 20


@pytest.mark.parametrize("seed", range(40))
def test_noise_behind_a_header_is_drawn_or_refused(seed):
    """I2"""
    noise = np.random.default_rng(seed)
    names = sorted(bmps.PIXELS)
    for name in names:
        data = bytearray(bmps.PIXELS[name][0])
        for _ in range(3):
            data[noise.integers(14, len(data))] = noise.integers(0, 256)
        try:
            assert isinstance(drawn(bytes(cut(data, 1 if seed % 2 else 0.9)), truncated="allow"), Image.Image)
        except EngineError as error:
            assert error.code in (
                "broken_image",
                "unsupported_variant",
                "unsupported_format",
                "too_many_pixels",
                "source_side_too_long",
                "output_too_large",
            )


def test_a_header_that_is_cut_is_refused():
    """I2"""
    for size in range(2, 60):
        with pytest.raises(EngineError):
            drawn(bmps.PIXELS["8 bits"][0][:size])
    with pytest.raises(ValueError, match="another kind"):
        bmp.header(b"BM" + bytes(12) + b"\x11" + bytes(60))
