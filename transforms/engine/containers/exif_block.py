"""Changes a block of EXIF as it is stored, without a decoder of it."""

import struct
from collections.abc import Iterator

HEAD = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ORIENTATION, SHORT = 0x0112, 3


def orientation(block: bytes) -> int:
    """1 to 8, where the first directory names it by one short number; else 1, as in browsers."""
    for at, order in _entries(block):
        kind, count, number = struct.unpack_from(f"{order}HIH", block, at + 2)
        if (kind, count) == (SHORT, 1) and 1 <= number <= 8:
            return number
    return 1


def upright(block: bytes) -> bytes:
    """A block (with its head or without) whose orientation is 1, where it names another one."""
    changed = bytearray(block)
    for at, order in _entries(block):
        struct.pack_into(f"{order}HIHH", changed, at + 2, SHORT, 1, 1, 0)
    return bytes(changed)


def _entries(block: bytes) -> Iterator[tuple[int, str]]:
    """Where the entries of an orientation are in the first directory, as far as it is there, and the byte order."""
    start = len(HEAD) if block.startswith(HEAD) else 0
    order = ORDERS.get(block[start : start + 4])
    if order is None or len(block) < start + 8:
        return
    first = start + struct.unpack_from(f"{order}I", block, start + 4)[0]
    if first + 2 > len(block):
        return
    (count,) = struct.unpack_from(f"{order}H", block, first)
    for at in range(first + 2, min(first + 2 + 12 * count, len(block) - 11), 12):
        if struct.unpack_from(f"{order}H", block, at)[0] == ORIENTATION:
            yield at, order
