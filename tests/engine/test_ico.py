"""ICO files are read: what browsers show of them, the largest picture, be it a PNG or a BMP with its mask."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.engine import bmps, pictures
from tests.engine.test_stills import cut, drawn
from transforms.engine.codecs import decode
from transforms.engine.containers import header_sizes
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits


def ico(*entries: tuple[tuple[int, int], int, bytes], kind: int = 1) -> bytes:
    """A file of pictures (size, bits, bytes)."""
    offset, directory, bodies = 6 + 16 * len(entries), b"", b""
    for (width, height), bits, body in entries:
        directory += struct.pack("<BBBBHHII", width % 256, height % 256, 0, 0, 1, bits, len(body), offset + len(bodies))
        bodies += body
    return struct.pack("<HHH", 0, kind, len(entries)) + directory + bodies


def dib(size: tuple[int, int], bits: int, rows: bytes, mask: bytes, **options: object) -> bytes:
    """A BMP without its file header, whose height counts the mask."""
    return bmps.bmp((size[0], 2 * size[1]), bits, rows + mask, **options)[14:]


MASK = bytes((0x40, 0, 0, 0, 0, 0, 0, 0))  # the second pixel of the lower row is clear
ROWS = {
    8: (bytes((0, 1, 0, 0, 2, 3, 0, 0)), {}),
    24: (bytes((20, 10, 200, 20, 210, 10, 0, 0, 220, 20, 10, 0, 240, 240, 0, 0)), {"palette": ()}),
}
WANTED = [(10, 20, 220, 255), (240, 240, 0, 255), (200, 10, 20, 255), (0, 0, 0, 0)]


def pixels(data: bytes) -> list[tuple[int, ...]]:
    got = np.asarray(drawn(data)).reshape(-1, 4).tolist()
    return [tuple(pixel) if pixel[3] else (0, 0, 0, 0) for pixel in got]


@pytest.mark.parametrize("bits", ROWS)
def test_the_mask_tells_what_is_clear(bits):
    """I13"""
    rows, options = ROWS[bits]
    assert pixels(ico(((2, 2), bits, dib((2, 2), bits, rows, MASK, **options)))) == WANTED


def test_the_alpha_of_32_bits_goes_before_the_mask_unless_it_is_nought():
    """I13"""
    rows = bytes((20, 10, 200, 255, 20, 210, 10, 255, 220, 20, 10, 128, 0, 240, 240, 0))
    data = ico(((2, 2), 32, dib((2, 2), 32, rows, MASK, palette=())))
    assert pixels(data) == [(10, 20, 220, 128), (0, 0, 0, 0), (200, 10, 20, 255), (10, 210, 20, 255)]
    without = bytes(0 if at % 4 == 3 else level for at, level in enumerate(rows))
    assert pixels(ico(((2, 2), 32, dib((2, 2), 32, without, MASK, palette=()))))[3][3] == 0
    assert pixels(ico(((2, 2), 32, dib((2, 2), 32, without, MASK, palette=()))))[2] == (200, 10, 20, 255)


def test_a_mask_that_is_not_there_hides_nothing():
    rows, options = ROWS[24]
    assert all(pixel[3] == 255 for pixel in pixels(ico(((2, 2), 24, dib((2, 2), 24, rows, b"", **options)))))


def test_the_largest_picture_is_shown_and_of_those_the_one_of_most_bits():
    inks = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    images = [
        pictures.saved(Image.new("RGB", size, ink), "PNG")
        for size, ink in zip([(16, 16), (256, 256), (256, 256)], inks, strict=True)
    ]
    data = ico(((16, 16), 32, images[0]), ((256, 256), 8, images[1]), ((256, 256), 32, images[2]))
    assert (drawn(data).size, drawn(data).getpixel((5, 5))[:3]) == ((256, 256), inks[2])
    facts = decode.probe(data, Limits())
    assert (facts.source_format, facts.size, facts.frame_count) == ("ico", (256, 256), 1)
    assert header_sizes.read(data).size == (256, 256)


@pytest.mark.parametrize("options", [{}, {"bitmap_format": "bmp"}])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_what_pillow_writes_is_read(mode, options):
    image = pictures.shaded(48, 48).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    data = pictures.saved(image, "ICO", sizes=[(48, 48), (16, 16)], **options)
    for output_format in ("png", "webp", "jpeg", "avif", "gif", "nocompress"):
        assert pictures.seen(pictures.render(data, output_format)).size == (48, 48)
    got, wanted = np.asarray(drawn(data)).astype(int), np.asarray(image.convert("RGBA"))
    assert np.abs(got - wanted)[wanted[..., 3] > 0].max() == 0


def test_a_pointer_is_read_alike():
    rows, options = ROWS[24]
    assert pixels(ico(((2, 2), 0, dib((2, 2), 24, rows, MASK, **options)), kind=2)) == WANTED


@pytest.mark.parametrize("size", [6, 20, 22, 30, 60])
def test_a_cut_file_is_refused(size):
    """I9"""
    rows, options = ROWS[24]
    with pytest.raises(EngineError) as excinfo:
        drawn(ico(((2, 2), 24, dib((2, 2), 24, rows, MASK, **options)))[:size])
    assert excinfo.value.code in ("broken_image", "unsupported_format")


def test_a_picture_far_larger_than_its_directory_says_is_bounded():
    """I1"""
    data = ico(((16, 16), 1, dib((60_000, 60_000), 1, b"", b"")))
    with pytest.raises(EngineError) as excinfo:
        decode.probe(data, Limits())
    assert excinfo.value.code == "too_many_pixels"


@pytest.mark.parametrize("seed", range(30))
def test_noise_is_drawn_or_refused(seed):
    """I2"""
    noise = np.random.default_rng(seed)
    rows, options = ROWS[8]
    for body in (dib((2, 2), 8, rows, MASK, **options), pictures.saved(pictures.noisy(4, 4), "PNG")):
        data = bytearray(ico(((4, 4), 8, body), ((2, 2), 8, body)))
        for _ in range(3):
            data[noise.integers(4, len(data))] = noise.integers(0, 256)
        try:
            drawn(bytes(cut(data, 1 if seed % 2 else 0.9)))
        except EngineError as error:
            assert error.code in (
                "broken_image",
                "unsupported_format",
                "unsupported_variant",
                "too_many_pixels",
                "source_side_too_long",
                "output_too_large",
            )
