"""Profiles and orientations of JPEGs as they are believed by Chromium 156."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.engine import jpegs, pictures
from transforms.engine.codecs import decode
from transforms.engine.containers import exif_block
from transforms.engine.limits import Limits
from transforms.engine.profiles import cicp, icc, named


@pytest.mark.parametrize("name", jpegs.FILES)
def test_segments_are_believed_as_browsers_believe_them(name):
    """I12, I13"""
    data, size, colour = jpegs.FILES[name]
    image = pictures.seen(pictures.render(data, "png"))
    assert image.size == size and pictures.near(image.getpixel((5, 5)), colour, 2)


def test_a_black_that_is_not_dark_stays_so():
    """I12: browsers do not stretch a profile of RGB to the black of the screen."""
    curve = b"para" + bytes(4) + struct.pack(">HH7i", 4, 0, *(round(n * 65_536) for n in (1, 0.8, 0, 0.8, 0, 0.2, 0.2)))
    profile = icc.write(cicp.PRIMARIES[cicp.BT709], curve)
    data = pictures.saved(Image.new("RGB", (8, 8)), "JPEG", quality=100, icc_profile=profile)
    assert pictures.near(pictures.seen(pictures.render(data, "png")).getpixel((4, 4)), (124,) * 3, 2)


@pytest.mark.parametrize("length", [0, 4, 7, 8, 9, 10, 20, 21])
def test_a_cut_block_of_exif_turns_nothing_unless_its_entry_is_there(length):
    """I2"""
    block = b"II*\0" + struct.pack("<IHHHIHH", 8, 1, 0x0112, 3, 1, 6, 0)
    assert exif_block.orientation(block[:length]) == 1
    assert exif_block.upright(block[:length]) == block[:length]
    assert exif_block.orientation(block) == 6 and exif_block.orientation(exif_block.upright(block)) == 1


def test_noise_is_no_profile_and_no_orientation():
    """I2"""
    rng = np.random.default_rng(4)
    for length in range(0, 400, 3):
        noise = rng.bytes(length)
        assert named.of_profile(noise) == named.SRGB and exif_block.orientation(noise) == 1
        changed = bytearray(jpegs.P3)
        changed[length : length + 3] = rng.bytes(3)
        named.of_profile(bytes(changed))
        exif_block.orientation(b"II*\0" + noise)
        assert len(exif_block.upright(b"MM\0*" + noise)) == length + 4


def test_rights_behind_an_unusual_name_are_read():
    """I13"""
    exif = Image.Exif()
    exif[0x8298] = "Ada"
    data = jpegs.with_segments((1, b"Exif\0\xff" + exif.tobytes().removeprefix(exif_block.HEAD)))
    assert decode.open_picture(data, Limits()).rights == {0x8298: b"Ada"}
