"""PNGs whose chunks are out of place, too short, too long or damaged, as Chromium 156 draws them."""

import pytest
from PIL import Image

from tests.engine import apngs, pictures, pngs
from transforms.engine.errors import EngineError


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
