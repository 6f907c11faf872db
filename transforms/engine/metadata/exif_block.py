"""Changes a block of EXIF as it is stored, without a decoder of it."""

import struct

HEAD = b"Exif\0\0"
ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
ORIENTATION = 0x0112


def upright(block: bytes) -> bytes:
    """A block (with its head or without) whose orientation is 1, where it names another one."""
    start = len(HEAD) if block.startswith(HEAD) else 0
    order = ORDERS.get(block[start : start + 4])
    changed = bytearray(block)
    try:
        (directory,) = struct.unpack_from(f"{order}I", block, start + 4) if order else (0,)
        (count,) = struct.unpack_from(f"{order}H", block, start + directory) if order else (0,)
        for at in range(start + directory + 2, start + directory + 2 + 12 * count, 12):
            if struct.unpack_from(f"{order}H", block, at)[0] == ORIENTATION:
                struct.pack_into(f"{order}HIHH", changed, at + 2, 3, 1, 1, 0)
    except struct.error:
        return bytes(changed)  # what is damaged turns nothing
    return bytes(changed)
