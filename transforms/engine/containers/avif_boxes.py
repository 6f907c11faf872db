"""Locates the track headers of an animated AVIF (ISO/IEC 14496-12)."""

from collections.abc import Iterator

# Container boxes by nesting level, down to the headers.
HOLDERS = ({b"moov"}, {b"trak"}, {b"mdia", b"edts"})
BOX_HEAD, LARGE_HEAD, FULL_HEAD = 8, 16, 12
MOST_BOXES = 1_000  # of one level; a file with more is malicious


def headers(data: bytes | bytearray, names: set[bytes]) -> Iterator[tuple[bytes, int]]:
    """(name, offset of its box) of each named header, in file order; stops at a malformed box."""
    yield from _headers(data, names, 0, len(data), 0)


def is_wide(data: bytes | bytearray, offset: int) -> bool:
    """Whether the header at `offset` is of version 1, whose times have 8 bytes instead of 4."""
    return data[offset + BOX_HEAD] == 1


def _headers(
    data: bytes | bytearray, names: set[bytes], offset: int, end: int, level: int
) -> Iterator[tuple[bytes, int]]:
    for _ in range(MOST_BOXES):
        if offset + FULL_HEAD > end:
            return
        size, name, head = (
            int.from_bytes(data[offset : offset + 4], "big"),
            bytes(data[offset + 4 : offset + 8]),
            BOX_HEAD,
        )
        if size == 1:
            size, head = int.from_bytes(data[offset + BOX_HEAD : offset + LARGE_HEAD], "big"), LARGE_HEAD
        if not head <= size <= end - offset:
            return
        if name in names and head == BOX_HEAD:
            yield name, offset
        elif level < len(HOLDERS) and name in HOLDERS[level]:
            yield from _headers(data, names, offset + head, offset + size, level + 1)
        offset += size
