"""AVIFs with alpha as various encoders describe it are read, as libvips reads them."""

import struct

import numpy as np
import pytest
from PIL import Image

from tests.engine import avifs, copies, pictures
from tests.engine.test_stills import drawn
from transforms.engine.codecs import strip
from transforms.engine.containers import avif_alpha
from transforms.engine.errors import EngineError

FILES = avifs.kinds()
SOUND = ("as ours", "no pixi", "pixi of three")


@pytest.mark.parametrize("name", FILES)
def test_colours_and_alpha_are_read_however_the_alpha_is_described(name):
    """I2, I5, I13"""
    wanted = pictures.shaded(*avifs.SIZE).convert("RGBA")
    wanted.putalpha(avifs.alpha())
    got = np.asarray(drawn(FILES[name])).astype(int)
    wanted = np.asarray(wanted.rotate(180) if "turned" in name else wanted).astype(int)
    assert np.abs(got - wanted)[..., 3].max() <= 2
    assert np.abs(got - wanted)[..., :3][wanted[..., 3] > 60].max() <= 10


def test_a_file_that_the_decoder_takes_is_left_as_it_is():
    for name in SOUND:
        assert avif_alpha.repaired(FILES[name]) is FILES[name]
    plain = pictures.saved(pictures.shaded(64, 48), "AVIF")
    assert avif_alpha.repaired(plain) is plain


def test_a_file_that_browsers_refuse_is_never_handed_on():
    """I2"""
    assert strip.copy("avif", FILES["no ispe"]) is None
    for name, data in FILES.items():
        output = pictures.render(data, "avif", quality=100)
        assert avif_alpha.repaired(output.body) is output.body, name


def test_damaged_boxes_are_refused_by_name():
    """I2: every byte of the boxes set to what is furthest from it, and every cut."""
    data = FILES["no ispe"]
    meta = data.index(b"mdat")
    for at in range(meta):
        for file in (data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :], data[:at]):
            repaired = avif_alpha.repaired(file)
            assert len(repaired) < 2 * len(data) + 1_000


@pytest.mark.parametrize("at", range(0, 400, 7))
def test_a_damaged_file_is_drawn_or_refused(at):
    """I2"""
    data = bytearray(FILES["neither"])
    data[at] ^= 0xFF
    try:
        assert isinstance(drawn(bytes(data)), Image.Image)
    except EngineError as error:
        assert error.code in ("broken_image", "unsupported_format", "unsupported_variant", "too_many_pixels")


def test_countless_items_are_not_gone_through():
    """I8"""
    data = FILES["no ispe"]
    at = data.index(b"ipma") + 8
    many = data[:at] + struct.pack(">I", 2**31) + data[at + 4 :]
    assert avif_alpha.repaired(many) is many


def box(name: bytes, body: bytes) -> bytes:
    """A box."""
    return struct.pack(">I4s", 8 + len(body), name) + body


def file_of_references(properties: bytes, first: int) -> bytes:
    """An AVIF of a thousand references to one alpha item, which has its first property, and the property `first` two
    hundred times."""
    reference = box(b"auxl", struct.pack(">HHH", 2, 1, 1))
    numbers = bytes([1]) + bytes([first]) * 200
    items = struct.pack(">HBB", 1, 1, first) + struct.pack(">HB", 2, len(numbers)) + numbers
    ipma = box(b"ipma", struct.pack(">II", 0, 2) + items)
    iprp = box(b"iprp", box(b"ipco", properties) + ipma)
    meta = box(b"meta", bytes(4) + box(b"iref", bytes(4) + reference * 900) + iprp)
    return box(b"ftyp", b"avif" + bytes(4)) + meta


@pytest.mark.parametrize("kind", ["a long name", "a long size"])
def test_a_property_that_is_named_without_end_is_not_copied_each_time(kind):
    """H13"""
    alpha = box(b"auxC", bytes(4) + avif_alpha.NAMES[0])
    large = bytes(200_000)
    if kind == "a long name":
        data = file_of_references(box(b"auxC", large) + box(b"ispe", bytes(12)), 1)
    else:
        data = file_of_references(alpha + box(b"ispe", large), 2)
    counted, copied = copies.counting(data)
    assert avif_alpha.repaired(counted) == data and copied[0] < 4 * len(data)
