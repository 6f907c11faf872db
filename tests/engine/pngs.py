"""PNGs whose chunks are unusual, and the colour of their first pixel as Chromium 156 draws it."""

import struct
import zlib

from tests.engine.apngs import MAGIC, chunk
from tests.engine.coloured_sources import p3_profile

SIZE = (4, 2)
GREY, RGB, PALETTE = 0, 2, 3
COLOURS = bytes((10, 200, 30, 200, 60, 90))  # two entries of a palette
INK, LEVELS = (100, 200, 50), bytes((100, 200, 50) * SIZE[0])
PLAIN = (*INK, 255)


def damaged(body: bytes) -> bytes:
    """A chunk whose checksum is wrong."""
    return body[:-1] + bytes([body[-1] ^ 1])


def written(kind: int, row: bytes, *before: bytes, bits: int = 8, behind: bytes = b"", packed: bytes = b"") -> bytes:
    """A PNG of equal rows, with chunks before and behind its pixels, which are `packed` where they are given."""
    pixels = packed or zlib.compress((b"\0" + row) * SIZE[1])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *SIZE, bits, kind, 0, 0, 0))
    return b"".join((MAGIC, header, *before, chunk(b"IDAT", pixels), behind, chunk(b"IEND")))


def _exif(orientation: int, order: str = "<") -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    return head + struct.pack(f"{order}IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)


def _icc(head: bytes = b"x\0\0", end: int | None = None) -> bytes:
    return chunk(b"iCCP", head + zlib.compress(p3_profile())[:end])


PALETTE_CHUNK, TWO_CLEAR = chunk(b"PLTE", COLOURS), chunk(b"tRNS", b"\0\0")
ROW = zlib.compress((b"\0" + LEVELS) * SIZE[1])
KEY = chunk(b"tRNS", struct.pack(">3H", *INK))
FIRST_PIXELS: dict[str, tuple[bytes, tuple[int, ...]]] = {
    "alpha before the palette": (written(PALETTE, bytes(4), TWO_CLEAR, PALETTE_CHUNK), (10, 200, 30, 255)),
    "alpha behind the palette": (written(PALETTE, bytes(4), PALETTE_CHUNK, TWO_CLEAR), (10, 200, 30, 0)),
    "alpha of too many": (
        written(PALETTE, bytes(4), PALETTE_CHUNK, chunk(b"tRNS", bytes(259))),
        (10, 200, 30, 255),
    ),
    "index beyond the palette": (written(PALETTE, bytes((7, 1, 0, 0)), PALETTE_CHUNK), (200, 60, 90, 255)),
    "index of 2 bits beyond the palette": (written(PALETTE, b"\xe4", PALETTE_CHUNK, bits=2), (200, 60, 90, 255)),
    "clear index beyond the palette": (
        written(PALETTE, bytes((7, 1, 0, 0)), PALETTE_CHUNK, chunk(b"tRNS", b"\xff\0")),
        (200, 60, 90, 0),
    ),
    "short key": (written(RGB, LEVELS, chunk(b"tRNS", struct.pack(">2HB", 100, 200, 0))), PLAIN),
    "key behind the pixels": (written(RGB, LEVELS, behind=KEY), PLAIN),
    "gamma behind the pixels": (written(RGB, LEVELS, behind=chunk(b"gAMA", struct.pack(">I", 100_000))), PLAIN),
    "code points behind the pixels": (written(RGB, LEVELS, behind=chunk(b"cICP", bytes((12, 13, 0, 1)))), PLAIN),
    "profile behind the pixels": (written(RGB, LEVELS, behind=_icc()), PLAIN),
    "profile": (written(RGB, LEVELS, _icc()), (45, 203, 0, 255)),
    "profile without a name": (written(RGB, LEVELS, _icc(b"\0\0")), PLAIN),
    "profile packed otherwise": (written(RGB, LEVELS, _icc(b"x\0\1")), PLAIN),
    "profile cut off": (written(RGB, LEVELS, _icc(end=-20)), PLAIN),
    "profile without its checksum": (written(RGB, LEVELS, _icc(end=-4)), PLAIN),
    "density cut off": (written(RGB, LEVELS, chunk(b"pHYs", bytes(8))), PLAIN),
    "wrong checksum of the pixels": (written(RGB, b"", packed=damaged(ROW)), PLAIN),
    "wrong checksum and more behind it": (written(RGB, b"", packed=damaged(ROW) + bytes(50)), PLAIN),
    "no checksum of the pixels": (written(RGB, b"", packed=ROW[:-4]), PLAIN),
    **{
        f"turned {name} {order}": (
            written(RGB, bytes((100, 200, 50, 1, 2, 3, 1, 2, 3, 1, 2, 3)), *before, behind=behind),
            colour,
        )
        for order in "<>"
        for name, before, behind, colour in (
            ("before", [chunk(b"eXIf", _exif(2, order))], b"", (1, 2, 3, 255)),
            ("behind the pixels", [], chunk(b"eXIf", _exif(2, order)), PLAIN),
            ("with a head", [chunk(b"eXIf", b"Exif\0\0" + _exif(2, order))], b"", PLAIN),
        )
    },
}
