"""PNGs whose chunks are out of place, too short, too long or damaged, as Chromium 156 draws them."""

import struct

import pytest
from PIL import Image

from tests.engine import apngs, pictures, pngs
from transforms.engine.codecs import decode
from transforms.engine.containers import png
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits


@pytest.mark.parametrize("name", pngs.FIRST_PIXELS)
def test_unusual_chunks_are_taken_as_browsers_take_them(name):
    """I2, I12, I13"""
    data, colour = pngs.FIRST_PIXELS[name]
    image = pictures.seen(pictures.render(data, "png")).convert("RGBA")
    assert pictures.near(image.getpixel((0, 0)), colour, 2) and image.size == pngs.SIZE


def test_pixels_whose_checksum_is_wrong_are_refused_where_they_are_not_whole():
    """I5"""
    cut = pngs.written(pngs.RGB, b"", packed=pngs.damaged(pngs.ROW[:-9]))
    noise = pngs.written(pngs.RGB, b"", packed=b"xx")
    damaged = pngs.written(pngs.RGB, b"", packed=pngs.ROW)
    damaged = damaged.replace(pngs.ROW, pngs.damaged(pngs.ROW))  # by the checksum of the chunk too
    for data in (cut, noise, damaged):
        with pytest.raises(EngineError, match="broken_image"):
            pictures.render(data, "png")


def test_a_turn_behind_the_pixels_turns_nothing_and_keeps_the_rights():
    """I13: EXIF behind the pixels is read for what it says of maker and rights."""
    exif = Image.Exif()
    exif[0x0112], exif[0x8298] = 6, "Ada"
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    data = pngs.written(pngs.RGB, pngs.LEVELS, behind=apngs.chunk(b"eXIf", block))
    image = pictures.seen(pictures.render(data, "png", metadata="copyright"))
    assert image.size == pngs.SIZE and image.getexif()[0x8298] == "Ada"


@pytest.mark.parametrize("bits", [0, 3, 16, 22, 40, 255])
def test_a_palette_of_a_depth_that_there_is_not_is_not_filled(bits):
    """I2, I5"""
    data = pngs.written(pngs.PALETTE, bytes(4), pngs.PALETTE_CHUNK, pngs.TWO_CLEAR, bits=bits)
    assert len(png.read(data).data) == len(data)
    with pytest.raises(EngineError, match="broken_image"):
        pictures.render(data, "png")


def test_one_palette_and_its_alpha_are_filled_and_others_behind_them_are_not():
    """I2"""
    clear = apngs.chunk(b"tRNS", b"\xff\0")
    once = pngs.written(pngs.PALETTE, bytes(4), pngs.PALETTE_CHUNK, clear)
    often = pngs.written(pngs.PALETTE, bytes(4), *[pngs.PALETTE_CHUNK] * 20, *[clear] * 20)
    assert len(png.read(often).data) - len(png.read(once).data) <= len(often) - len(once)


def test_of_two_colours_named_as_clear_the_first_one_is():
    """I2, as browsers do."""
    other = apngs.chunk(b"tRNS", struct.pack(">3H", 1, 2, 3))
    data = pngs.written(pngs.RGB, pngs.LEVELS, pngs.KEY, other)
    assert pictures.seen(pictures.render(data, "png")).convert("RGBA").getpixel((0, 0))[3] == 0


def test_whatever_the_reader_of_the_chunks_raises_is_a_broken_image(monkeypatch):
    """I4, I5"""

    def fail(data: bytes) -> None:
        raise OverflowError

    monkeypatch.setattr(png, "read", fail)
    with pytest.raises(EngineError, match="broken_image"):
        pictures.render(pngs.written(pngs.RGB, pngs.LEVELS), "png")


def test_of_several_blocks_of_exif_behind_the_pixels_the_first_one_is_read():
    """I2, I13"""
    blocks = b"".join(apngs.chunk(b"eXIf", _rights(text)) for text in ("Ada", "Zoe", "Eve"))
    data = pngs.written(pngs.RGB, pngs.LEVELS, behind=blocks)
    assert [chunk.name for chunk in png.chunks(png.read(data).data)].count(b"eXIf") == 1
    assert decode.open_picture(data, Limits()).rights == {0x8298: b"Ada"}


def test_a_block_of_exif_before_the_pixels_goes_before_one_behind_them():
    """I2, I13"""
    first, other = (apngs.chunk(b"eXIf", _rights(text)) for text in ("Ada", "Zoe"))
    for before in ([first], [first, other]):
        data = pngs.written(pngs.RGB, pngs.LEVELS, *before, behind=other)
        assert decode.open_picture(data, Limits()).rights == {0x8298: b"Ada"}


def _rights(text: str) -> bytes:
    exif = Image.Exif()
    exif[0x8298] = text
    return exif.tobytes().removeprefix(b"Exif\0\0")
