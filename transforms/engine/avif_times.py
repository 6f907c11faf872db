"""Takes the time of writing out of an animated AVIF, so that one picture always has the same bytes."""

from collections.abc import Iterator

# ISO/IEC 14496-12: boxes that hold boxes on the way to the headers, and headers that begin with two times.
HOLDERS = {b"moov", b"trak", b"mdia"}
TIMED = {b"mvhd", b"tkhd", b"mdhd"}
BOX_HEAD, FULL_HEAD = 8, 12


def cleared(body: bytes) -> bytes:
    """The file with every time of creation and modification set to 0, which means not known."""
    data = bytearray(body)
    for at in _headers(data, 0, len(data)):
        # Version 1 has times of 8 bytes, version 0 of 4.
        length = 16 if data[at + BOX_HEAD] else 8
        data[at + FULL_HEAD : at + FULL_HEAD + length] = bytes(length)
    return bytes(data)


def _headers(data: bytearray, at: int, end: int) -> Iterator[int]:
    """Where each timed header begins."""
    while at + FULL_HEAD <= end:
        size, name = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if size < BOX_HEAD:
            return
        if name in TIMED:
            yield at
        elif name in HOLDERS:
            yield from _headers(data, at + BOX_HEAD, at + size)
        at += size
