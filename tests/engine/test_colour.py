"""Colour comes out as sRGB: inks, deep grey, palettes, keys and profiles."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.engine import pictures, profiles

RAMP = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)


def first_pixel(output) -> tuple[int, ...]:
    return pictures.seen(output).getpixel((0, 0))


def without_adobe_marker(data: bytes) -> bytes:
    at = data.index(b"\xff\xee")
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def png(width: int, height: int, depth: int, kind: int, rows: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    parts = [chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))]
    parts += [chunk(*item) for item in chunks]
    parts += [chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(
    ("ink", "light"),
    [((0, 0, 0, 0), (255, 255, 255)), ((0, 0, 0, 255), (0, 0, 0)), ((0, 255, 255, 0), (255, 0, 0))],
)
def test_cmyk_is_read_inverted_with_or_without_adobes_marker(ink, light):
    """I12"""
    adobe = pictures.saved(Image.new("CMYK", (16, 16), ink), "JPEG", quality=95)
    assert pictures.near(first_pixel(pictures.render(adobe)), light, 6)
    assert pictures.near(first_pixel(pictures.render(without_adobe_marker(adobe))), light, 6), "browsers: inverted"
    assert pictures.near(first_pixel(pictures.render(pictures.saved(Image.new("CMYK", (8, 8), ink), "TIFF"))), light, 6)


@pytest.mark.parametrize("name", ["PNG", "TIFF"])
def test_sixteen_bit_grey_is_scaled_and_not_whitened(name):
    """I12"""
    image = Image.fromarray(RAMP.astype(np.uint16) * 257)
    levels = np.asarray(pictures.seen(pictures.render(pictures.saved(image, name))).convert("L"))
    assert np.abs(levels.astype(int) - RAMP).max() <= 1


def test_float_grey_is_scaled():
    """I12"""
    data = pictures.saved(Image.fromarray(RAMP.astype(np.float32) / 255), "TIFF")
    assert np.abs(np.asarray(pictures.seen(pictures.render(data)).convert("L")).astype(int) - RAMP).max() <= 1


def test_an_embedded_profile_is_brought_to_srgb():
    """I12"""
    profile = swapped_profile()
    data = pictures.saved(Image.new("RGB", (8, 8), (255, 0, 0)), "PNG", icc_profile=profile)
    output = pictures.render(data)
    assert pictures.near(first_pixel(output), (0, 255, 0), 3)
    assert "icc_profile" not in pictures.seen(output).info


@pytest.mark.parametrize("name", ["PNG", "JPEG", "TIFF"])
def test_a_profile_of_grey_is_brought_to_srgb(name):
    """I12, H24: of linear grey, half the level is half the light, which sRGB writes as 188."""
    image = Image.new("L", (16, 16), 128)
    output = pictures.render(pictures.saved(image, name, icc_profile=profiles.grey(1)))
    assert pictures.near(first_pixel(output), (188,) * 3, 2)


@pytest.mark.parametrize("name", ["JPEG", "TIFF"])
def test_a_profile_of_inks_is_brought_to_srgb(name):
    """I12, H24: of these inks cyan prints green, and black is no ink at all."""
    green, white = (87.8, -79.3, 81.0), (100, 0, 0)
    profile = profiles.ink(lambda c, m, y, k: green if c else white)
    for inks, light in {(255, 0, 0, 0): (0, 255, 0), (0, 0, 0, 255): (255, 255, 255)}.items():
        data = pictures.saved(Image.new("CMYK", (16, 16), inks), name, icc_profile=profile)
        assert pictures.near(first_pixel(pictures.render(data)), light, 12), inks


def swapped_profile() -> bytes:
    """sRGB with its red and green colorants exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132], "big")
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(count)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


@pytest.mark.parametrize("profile", [b"not a profile at all", b"\0" * 200])
def test_a_broken_profile_is_ignored(profile):
    """I12"""
    for name in ("PNG", "JPEG", "WEBP"):
        data = pictures.saved(Image.new("RGB", (16, 16), (200, 100, 50)), name, icc_profile=profile)
        assert pictures.near(first_pixel(pictures.render(data)), (200, 100, 50), 6)


def test_a_profile_of_another_colour_space_is_ignored():
    """I12"""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    data = pictures.saved(Image.new("L", (8, 8), 77), "PNG", icc_profile=srgb)
    assert first_pixel(pictures.render(data)) == (77, 77, 77)


def test_a_palette_with_fewer_alphas_than_colours_keeps_both():
    """I13"""
    palette = bytes((255, 0, 0, 0, 255, 0, 0, 0, 255))
    data = png(3, 1, 8, 3, b"\0\0\1\2", (b"PLTE", palette), (b"tRNS", b"\0\x80"))
    image = pictures.seen(pictures.render(data))
    assert [image.getpixel((x, 0)) for x in range(3)] == [(255, 0, 0, 0), (0, 255, 0, 128), (0, 0, 255, 255)]


@pytest.mark.parametrize(
    ("kind", "depth", "row", "key", "expected"),
    [
        (0, 8, b"\0\x10\x90", b"\0\x10", (0x90,) * 3),
        (2, 8, b"\0" + b"\x10\x20\x30" + b"\x90\xa0\xb0", b"\0\x10\0\x20\0\x30", (0x90, 0xA0, 0xB0)),
        (0, 16, b"\0" + b"\x10\x10" + b"\x90\x90", b"\x10\x10", (0x90,) * 3),
        (2, 16, b"\0" + b"\x10\x10\x20\x20\x30\x30" + b"\x90\x90\xa0\xa0\xb0\xb0", b"\x10\x10\x20\x20\x30\x30", None),
    ],
)
def test_a_colour_key_makes_its_pixels_clear(kind, depth, row, key, expected):
    """I13"""
    image = pictures.seen(pictures.render(png(2, 1, depth, kind, row, (b"tRNS", key))))
    assert image.getpixel((0, 0))[3] == 0
    assert image.getpixel((1, 0)) == (*(expected or (0x90, 0xA0, 0xB0)), 255)


@pytest.mark.parametrize(("mode", "ink"), [("LA", (90, 128)), ("RGBA", (90, 90, 90, 128))])
def test_alpha_survives_where_the_format_has_it(mode, ink):
    """I13"""
    data = pictures.saved(Image.new(mode, (8, 8), ink), "PNG")
    for name in ("png", "webp", "avif"):
        assert pictures.near(first_pixel(pictures.render(data, name)), (90, 90, 90, 128), 4)


def test_one_bit_and_palette_pictures_keep_their_colours():
    bits = pictures.saved(Image.fromarray(RAMP > 127), "PNG")
    assert np.array_equal(np.asarray(pictures.seen(pictures.render(bits)).convert("L")), (RAMP > 127) * 255)
    flat = pictures.cornered().quantize(8)
    assert pictures.psnr(pictures.seen(pictures.render(pictures.saved(flat, "GIF"))), pictures.cornered()) > 40


def test_colour_under_clear_pixels_neither_bleeds_nor_shows():
    """I13"""
    image = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (32, 0, 64, 64))
    data = pictures.saved(image, "PNG")
    small = np.asarray(pictures.seen(pictures.render(data, w=9)))
    assert small[..., 0][small[..., 3] > 0].max() <= 8
    soft = np.asarray(pictures.seen(pictures.render(data, blur=4)))
    assert soft[..., 0][soft[..., 3] > 40].max() <= 8
    assert pictures.near(pictures.corners(pictures.seen(pictures.render(data, "jpeg")))[0], pictures.WHITE, 8)
    green = pictures.seen(pictures.render(data, "jpeg", background="00ff00"))
    assert pictures.near(pictures.corners(green)[0], (0, 255, 0), 8)
