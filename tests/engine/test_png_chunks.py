"""PNGs whose chunks are out of place, too short, too long or damaged, as Chromium 156 draws them."""

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from tests.engine import apngs, pictures, pngs
from transforms.engine.codecs import decode
from transforms.engine.codecs.cut_files import stored_pixels
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


class Unpacker:
    """A zlib decompressor that notes how many bytes it hands back to be given again."""

    def __init__(self, made, handed_back: list[int]):
        self._made, self._handed_back = made, handed_back

    def decompress(self, data: bytes, most: int = 0) -> bytes:
        try:
            return self._made.decompress(data, most)
        finally:
            self._handed_back.append(len(self._made.unconsumed_tail))

    def __getattr__(self, name: str):
        return getattr(self._made, name)


@pytest.mark.parametrize("parts", [1, 3])
def test_no_more_than_a_piece_of_packed_pixels_is_handed_back_to_be_unpacked_further(monkeypatch, parts):
    """I3: what is handed back is copied, once for each piece."""
    monkeypatch.setattr(stored_pixels, "PIECE", 1_000)
    make, handed_back = zlib.decompressobj, []
    monkeypatch.setattr(zlib, "decompressobj", lambda *options: Unpacker(make(*options), handed_back))
    whole = stored_pixels.png_with_checksum(_noise(parts, pngs.damaged))
    assert whole.tobytes() == pictures.noisy().tobytes()
    assert len(handed_back) > 50 and max(handed_back) <= 1_000
    handed_back.clear()
    assert stored_pixels.png_pixels(_noise(parts, lambda packed: packed[:-4])).getextrema() == (255, 255)
    assert len(handed_back) > 50 and max(handed_back) <= 1_000


@pytest.mark.parametrize("parts", [1, 2, 3, 50, 20_000])
@pytest.mark.parametrize("behind", [b"", b"more"])
def test_pixels_in_any_number_of_chunks_are_whole_without_their_checksum(parts, behind):
    """I2"""
    data = _noise(parts, lambda packed: pngs.damaged(packed) + behind)
    assert stored_pixels.png_with_checksum(data).tobytes() == pictures.noisy().tobytes()


@pytest.mark.parametrize("piece", range(1, 40))
def test_pixels_are_counted_whole_however_the_pieces_fall(monkeypatch, piece):
    """I2: of equal rows, which unpack to more than one piece with nothing left to give."""
    monkeypatch.setattr(stored_pixels, "PIECE", piece)
    for behind in (pngs.ROW[:-4], pngs.damaged(pngs.ROW)):
        data = pngs.written(pngs.RGB, b"", packed=behind)
        assert stored_pixels.png_with_checksum(data).getpixel((3, 1)) == pngs.INK
        assert stored_pixels.png_pixels(pngs.written(pngs.RGB, b"", packed=pngs.ROW[:-4])).getextrema() == (255, 255)


def _noise(parts: int, changed: Callable[[bytes], bytes]) -> bytes:
    """A PNG of seeded noise, whose packed pixels are changed and stand in so many chunks."""
    image = pictures.noisy()
    rows = b"".join(b"\0" + image.crop((0, row, image.width, row + 1)).tobytes() for row in range(image.height))
    packed = changed(zlib.compress(rows))
    step = -(-len(packed) // parts)
    bodies = [packed[start : start + step] for start in range(0, len(packed), step)]
    header = apngs.chunk(b"IHDR", struct.pack(">IIBBBBB", *image.size, 8, pngs.RGB, 0, 0, 0))
    return b"".join((apngs.MAGIC, header, *[apngs.chunk(b"IDAT", body) for body in bodies], apngs.chunk(b"IEND")))
