"""GIFs made block by block, and read whole by a reader of our own (CompuServe 1990)."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

INKS = ((255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 0))
PALETTE = bytes(level for ink in INKS for level in ink)
SCREEN = (24, 16)


@dataclass(frozen=True)
class Part:
    """One image of a GIF: where it stands, its palette indices row by row, and its control block.

    `delay` is in hundredths of a second; a `disposal` and `delay` of None leave the control block out.
    """

    size: tuple[int, int]
    indices: bytes
    at: tuple[int, int] = (0, 0)
    disposal: int | None = 0
    clear: int | None = None
    delay: int = 10
    palette: bytes | None = None
    interlaced: bool = False


def box(
    ink: int, at: tuple[int, int] = (0, 0), size: tuple[int, int] = SCREEN, hole: bool = False, **options: object
) -> Part:
    """An image of one palette index; with `hole` every second pixel of a row is of the index 3."""
    indices = bytes(3 if hole and column % 2 else ink for _ in range(size[1]) for column in range(size[0]))
    return Part(size, indices, at, **options)


def written(
    parts: Sequence[Part],
    screen: tuple[int, int] = SCREEN,
    palette: bytes | None = PALETTE,
    background: int = 0,
    loop: int | None = 0,
) -> bytes:
    """The bytes of a GIF. `palette` is the global one."""
    flags, table = _table(palette)
    blocks = [b"GIF89a", struct.pack("<HHBBB", *screen, flags, background, 0), table]
    if loop is not None:
        blocks.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loop) + b"\0")
    for part in parts:
        if part.disposal is not None:
            control = part.disposal << 2 | (part.clear is not None)
            blocks.append(b"\x21\xf9\x04" + struct.pack("<BHB", control, part.delay, part.clear or 0) + b"\0")
        flags, table = _table(part.palette)
        blocks.append(b"\x2c" + struct.pack("<HHHHB", *part.at, *part.size, flags | part.interlaced << 6) + table)
        blocks.append(packed(part.indices))
    return b"".join([*blocks, b";"])


def _table(palette: bytes | None) -> tuple[int, bytes]:
    """The flags of a colour table, and the table filled up to a power of two."""
    if palette is None:
        return 0, b""
    bits = max(1, (len(palette) // 3 - 1).bit_length())
    return 0x80 | bits - 1, palette.ljust(3 << bits, b"\0")


def packed(indices: bytes, bits: int = 8) -> bytes:
    """The compressed data of an image: each index by a code of its own, with a clear code every hundred."""
    codes = [code for at in range(0, len(indices), 100) for code in (1 << bits, *indices[at : at + 100])]
    stream = bytearray()
    value = filled = 0
    for code in [*codes, (1 << bits) + 1]:
        value |= code << filled
        filled += bits + 1
        while filled >= 8:
            stream.append(value & 255)
            value, filled = value >> 8, filled - 8
    stream.append(value)
    blocks = (stream[at : at + 255] for at in range(0, len(stream), 255))
    return bytes([bits]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def read(data: bytes) -> tuple[tuple[int, int], int | None, list[tuple[Image.Image, int]]]:
    """The screen, the loop count, and every frame (RGBA) as it is shown with its delay in hundredths of a second.

    Raises AssertionError at any byte that has no place in a GIF, what follows the trailer included.
    """
    screen, loop, parts = blocks_of(data)
    canvas, frames = Image.new("RGBA", screen), []
    for part in parts:
        drawn = Image.new("RGBA", part.size)
        colours = [(*part.palette[at : at + 3], 255) for at in range(0, len(part.palette), 3)]
        drawn.putdata([(0, 0, 0, 0) if index == part.clear else colours[index] for index in part.indices])
        before = canvas.copy()
        canvas.alpha_composite(drawn, part.at)
        frames.append((canvas.copy(), part.delay))
        if part.disposal == 2:
            canvas.paste((0, 0, 0, 0), (*part.at, part.at[0] + part.size[0], part.at[1] + part.size[1]))
        elif part.disposal == 3:
            canvas = before
    return screen, loop, frames


def blocks_of(data: bytes) -> tuple[tuple[int, int], int | None, list[Part]]:
    """The screen, the loop count and the images of a GIF, each with the palette that holds for it."""
    assert data[:6] in (b"GIF87a", b"GIF89a")
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    shared, offset = _read_table(data, 13, flags)
    loop, parts, control = None, [], (None, None, 0)
    while data[offset] != 0x3B:
        if data[offset] == 0x21:
            kind = data[offset + 1]
            body, offset = _sub_blocks(data, offset + 2)
            if kind == 0xF9:
                packed_flags, delay, clear = struct.unpack("<BHB", body)
                control = packed_flags >> 2 & 7, clear if packed_flags & 1 else None, delay
            elif kind == 0xFF and body[:11] == b"NETSCAPE2.0":
                loop = int.from_bytes(body[12:14], "little")
        else:
            assert data[offset] == 0x2C, f"{data[offset]:#x} at {offset} begins no block"
            left, top, wide, high, flags = struct.unpack_from("<HHHHB", data, offset + 1)
            assert wide and high and left + wide <= width and top + high <= height
            own, offset = _read_table(data, offset + 10, flags)
            bits = data[offset]
            body, offset = _sub_blocks(data, offset + 1)
            indices = bytes(unpacked(body, bits))
            assert len(indices) == wide * high
            indices = _in_order(indices, (wide, high)) if flags & 0x40 else indices
            disposal, clear, delay = control
            parts.append(Part((wide, high), indices, (left, top), disposal, clear, delay, own or shared))
            control = (None, None, 0)
    assert offset == len(data) - 1 and parts
    return (width, height), loop, parts


def _read_table(data: bytes, offset: int, flags: int) -> tuple[bytes, int]:
    size = 3 << (flags & 7) + 1 if flags & 0x80 else 0
    return data[offset : offset + size], offset + size


def _in_order(indices: bytes, size: tuple[int, int]) -> bytes:
    """The rows of an interlaced image from top to bottom."""
    order = [row for start, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for row in range(start, size[1], step)]
    rows = {row: indices[at * size[0] : (at + 1) * size[0]] for at, row in enumerate(order)}
    return b"".join(rows[row] for row in range(size[1]))


def _sub_blocks(data: bytes, offset: int) -> tuple[bytes, int]:
    body = bytearray()
    while data[offset]:
        body += data[offset + 1 : offset + 1 + data[offset]]
        offset += data[offset] + 1
    return bytes(body), offset + 1


def unpacked(stream: bytes, bits: int) -> Iterator[int]:
    """The palette indices of compressed image data."""
    clear, end = 1 << bits, (1 << bits) + 1
    table: list[bytes] = []
    size, previous, value, filled = bits + 1, b"", 0, 0
    for byte in stream:
        value |= byte << filled
        filled += 8
        while filled >= size:
            code, value, filled = value & (1 << size) - 1, value >> size, filled - size
            if code == clear:
                table, size, previous = [bytes([index]) for index in range(clear)] + [b"", b""], bits + 1, b""
                continue
            if code == end:
                return
            assert code < len(table) or (code == len(table) and previous), f"{code} is no code yet"
            entry = table[code] if code < len(table) else previous + previous[:1]
            yield from entry
            if previous and len(table) < 4096:
                table.append(previous + entry[:1])
            previous = entry
            if len(table) == 1 << size and size < 12:
                size += 1
    raise AssertionError("the image data has no end")
