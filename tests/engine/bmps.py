"""BMP files of every kind, each of a few pixels, with what Chromium 156 draws of them."""

import struct

PALETTE = ((200, 10, 20), (10, 210, 20), (10, 20, 220), (240, 240, 0))
COLOURS = {**dict(zip("rgby", PALETTE, strict=True)), "k": (0, 0, 0)}
BGRA = bytes((1, 2, 3, 0, 40, 50, 60, 99, 70, 80, 90, 255, 200, 210, 220, 128))


def bmp(
    size: tuple[int, int],
    bits: int,
    body: bytes,
    compression: int = 0,
    *,
    palette=PALETTE,
    used: int | None = None,
    header: int = 40,
    masks: tuple[int, ...] = (),
) -> bytes:
    """A file. Masks stand in headers of 52 bytes and more, else behind them."""
    colours = b"".join(bytes(reversed(colour)) + b"\0" * (header != 12) for colour in palette)
    fields = struct.pack(f"<{len(masks)}I", *masks)
    if header == 12:
        head = struct.pack("<IHHHH", 12, *size, 1, bits)
    else:
        count = len(palette) if used is None else used
        head = struct.pack("<IiiHHIIiiII", header, *size, 1, bits, compression, len(body), 2835, 2835, count, 0)
        head = (head + (fields if header > 40 else b"")).ljust(header, b"\0")[:header]
    head += fields if header == 40 else b""
    start = 14 + len(head) + len(colours)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start) + head + colours + body


def rle(*body: int, size: tuple[int, int] = (4, 3), bits: int = 8, compression: int = 1, header: int = 40) -> bytes:
    return bmp(size, bits, bytes(body), compression, header=header)


EIGHT = bytes((0, 1, 2, 3, 3, 2, 1, 2))
UPSIDE = "ybgb rgby"
# name → (file, its rows from the top by the letters of COLOURS)
INDEXED = {
    "8 bits": (bmp((4, 2), 8, EIGHT), UPSIDE),
    "top-down": (bmp((4, -2), 8, EIGHT), "rgby ybgb"),
    "OS/2 1": (bmp((4, 2), 8, EIGHT, header=12, palette=PALETTE + ((0, 0, 0),) * 252), UPSIDE),
    **{
        f"header of {size}": (bmp((4, 2), 8, EIGHT, header=size), UPSIDE)
        for size in (36, 42, 46, 48, 52, 56, 60, 64, 108, 124)
    },
    "OS/2 2 of 16": (bmp((4, 2), 8, EIGHT, header=16, palette=PALETTE + ((0, 0, 0),) * 252), UPSIDE),
    "index beyond the palette": (bmp((4, 2), 8, bytes((0, 1, 2, 3, 9, 200, 1, 2))), "kkgb rgby"),
    "palette longer than its bits": (bmp((8, 1), 1, bytes((0x55, 0, 0, 0))), "rgrgrgrg"),
    "palette said to be endless": (bmp((4, 1), 2, bytes((0x1B, 0, 0, 0)), used=2**31), "rgby"),
    "4 bits": (bmp((4, 1), 4, bytes((0x01, 0x23, 0, 0)), palette=PALETTE, used=4), "rgby"),
    "2 bits": (bmp((4, 2), 2, bytes((0x1B, 0, 0, 0, 0xE4, 0, 0, 0))), "ybgr rgby"),
    "RLE8": (rle(4, 0, 0, 0, 4, 1, 0, 0, 4, 2, 0, 1), "bbbb gggg rrrr"),
    "RLE8 top-down": (rle(4, 0, 0, 0, 4, 1, 0, 0, 4, 2, 0, 1, size=(4, -3)), "rrrr gggg bbbb"),
    "RLE8 literal": (rle(0, 3, 1, 2, 3, 0, 1, 0, 0, 0, 4, 1, 0, 0, 4, 2, 0, 1), "bbbb gggg gbyr"),
    "RLE8 of a short line": (rle(2, 1, 0, 0, 4, 1, 0, 0, 4, 2, 0, 1), "bbbb gggg ggkk"),
    "RLE8 with a jump": (rle(1, 1, 0, 2, 1, 1, 1, 2, 0, 1), "kkkk kkbk gkkk"),
    "RLE8 with an early end": (rle(4, 1, 0, 1), "kkkk kkkk gggg"),
    "RLE8 beyond its line": (rle(9, 1, 0, 0, 4, 2, 0, 0, 4, 3, 0, 1), "yyyy bbbb gggg"),
    "RLE8 without line ends": (rle(4, 1, 4, 2, 4, 3, 0, 1), "kkkk kkkk gggg"),
    "RLE8 jump beyond the line": (rle(1, 1, 0, 2, 9, 0, 1, 2, 0, 1), "kkkk kkkk gkkk"),
    "RLE8 jump beyond the picture": (rle(1, 1, 0, 2, 0, 9, 1, 2, 0, 1), "kkkk kkkk gkkk"),
    "RLE4": (rle(4, 0x01, 0, 0, 4, 0x12, 0, 0, 0, 4, 0x12, 0x30, 0, 1, bits=4, compression=2), "gbyr gbgb rgrg"),
}
RED, GREEN, BLUE, ALPHA = 0xFF0000, 0xFF00, 0xFF, 0xFF000000
OPAQUE = [(90, 80, 70, 255), (220, 210, 200, 255), (3, 2, 1, 255), (60, 50, 40, 255)]
CLEAR = [(90, 80, 70, 255), (220, 210, 200, 128), (0, 0, 0, 0), (60, 50, 40, 99)]


def deep(compression: int, *masks: int, header: int = 40) -> bytes:
    return bmp((2, 2), 32, BGRA, compression, palette=(), header=header, masks=masks)


def ramp(bits: int, levels: range, *masks: int, compression: int = 3) -> bytes:
    body = b"".join(struct.pack("<H" if bits == 16 else "<I", level) for level in levels)
    return bmp((len(levels), 1), bits, body + bytes(-len(body) % 4), compression, palette=(), masks=masks)


# name → (file, its pixels from the top left)
DEEP = {
    "32 bits": (deep(0), OPAQUE),
    "32 bits with a mask of alpha": (deep(0, RED, GREEN, BLUE, ALPHA, header=124), CLEAR),
    "bit fields": (deep(3, RED, GREEN, BLUE), OPAQUE),
    "bit fields of a header of 52": (deep(3, RED, GREEN, BLUE, header=52), OPAQUE),
    "alpha bit fields": (deep(6, RED, GREEN, BLUE, ALPHA), CLEAR),
    **{
        f"alpha in a header of {size}": (deep(3, RED, GREEN, BLUE, ALPHA, header=size), CLEAR)
        for size in (56, 108, 124)
    },
    "no alpha in a header of 108": (deep(3, RED, GREEN, BLUE, 0, header=108), OPAQUE),
    "no red": (deep(3, 0, GREEN, BLUE), [(0, *pixel[1:]) for pixel in OPAQUE]),
    "shared bits": (
        deep(3, 0xFF, 0xFF, 0xFF00),
        [(70, 70, 80, 255), (200, 200, 210, 255), (1, 1, 2, 255), (40, 40, 50, 255)],
    ),
    "11, 11 and 10 bits": (
        deep(3, 0x7FF << 21, 0x7FF << 10, 0x3FF),
        [(255, 210, 17, 255), (128, 230, 178, 255), (0, 24, 128, 255), (99, 225, 138, 255)],
    ),
    "24 bits": (
        bmp((2, 2), 24, bytes((1, 2, 3, 4, 5, 6, 0, 0, 7, 8, 9, 10, 11, 12, 0, 0))),
        [(9, 8, 7, 255), (12, 11, 10, 255), (3, 2, 1, 255), (6, 5, 4, 255)],
    ),
    "RLE24": (
        bmp((2, 2), 24, bytes((2, 10, 20, 200, 0, 0, 1, 200, 20, 10, 1, 20, 200, 10, 0, 1)), 4, header=64, palette=()),
        [(10, 20, 200, 255), (10, 200, 20, 255), (200, 20, 10, 255), (200, 20, 10, 255)],
    ),
    "5 bits": (
        ramp(16, range(0, 32, 3), compression=0),
        [(0, 0, level, 255) for level in (0, 25, 49, 74, 99, 123, 148, 173, 197, 222, 247)],
    ),
    "1 bit": (ramp(16, range(2), 0, 0, 1), [(0, 0, 0, 255), (0, 0, 255, 255)]),
    "3 bits": (ramp(16, range(8), 0, 0, 7), [(0, 0, level, 255) for level in (0, 36, 73, 109, 146, 182, 219, 255)]),
    "6 bits": (ramp(16, range(0, 64, 11), 0, 0, 63), [(0, 0, level, 255) for level in (0, 45, 89, 134, 178, 223)]),
    "10 bits": (ramp(32, range(0, 1024, 240), 0, 0, 1023), [(0, 0, level, 255) for level in (0, 60, 120, 180, 240)]),
    "16 bits of alpha": (
        bmp((1, 1), 16, struct.pack("<HH", 0x6565, 0), 6, palette=(), masks=(0xF00, 0xF0, 15, 0xF000)),
        [(85, 102, 85, 102)],
    ),
}
UNREAD = {
    "a BMP with JPEG inside": bmp((4, 2), 24, bytes(64), 4),
    "a BMP with PNG inside": bmp((4, 2), 24, bytes(64), 5),
    "a BMP with CMYK": bmp((4, 2), 32, bytes(64), 11),
    "a BMP with Huffman codes": bmp((4, 2), 1, bytes(64), 3, header=64),
    "a BMP of 3 bits a pixel": bmp((4, 2), 3, bytes(64)),
    "a BMP of 4 bits a pixel with RLE of 8": rle(4, 1, 0, 1, bits=4),
    "a BMP of 8 bits a pixel with RLE of 4": rle(4, 1, 0, 1, compression=2),
    "a BMP of 24 bits a pixel with bit fields": bmp((4, 2), 24, bytes(64), 3, masks=(RED, GREEN, BLUE)),
    "a BMP with gaps in its bit fields": deep(3, 0xF0F0, 0xFF0000, 0xFF000000),
}


def letters(rows: str) -> list[tuple[int, int, int, int]]:
    """The pixels of rows of letters."""
    return [(*COLOURS[letter], 255) for letter in rows.replace(" ", "")]


PIXELS = {**{name: (data, letters(rows)) for name, (data, rows) in INDEXED.items()}, **DEEP}
