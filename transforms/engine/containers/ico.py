"""Chooses the picture of an ICO or CUR that browsers show: the largest, and of those the one of most bits."""

import struct
from dataclasses import dataclass

MAGICS = (b"\0\0\1\0", b"\0\0\2\0")
DIRECTORY, ENTRY = 6, 16
MOST_ENTRIES = 1_000
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
ICON = 1


@dataclass(frozen=True)
class Entry:
    """A picture: a PNG, or a BMP without its file header whose rows are followed by those of a mask."""

    size: tuple[int, int]
    bits: int
    data: bytes

    @property
    def is_png(self) -> bool:
        """Whether it is a PNG as it stands."""
        return self.data.startswith(PNG_MAGIC)


def is_one(data: bytes) -> bool:
    """Whether the bytes begin as an ICO or CUR with a picture does."""
    if data[:4] not in MAGICS or len(data) < DIRECTORY + ENTRY:
        return False
    (count,) = struct.unpack_from("<H", data, 4)
    (offset,) = struct.unpack_from("<I", data, DIRECTORY + 12)
    return 0 < count <= MOST_ENTRIES and DIRECTORY + ENTRY * count <= offset < len(data)


def best(data: bytes) -> Entry:
    """The entry that is shown. Raises struct.error where the directory is cut."""
    kind, count = struct.unpack_from("<2xHH", data)
    entries = []
    for at in range(DIRECTORY, DIRECTORY + ENTRY * count, ENTRY):
        width, height, _, _, _, bits, length, offset = struct.unpack_from("<BBBBHHII", data, at)
        size = (width or 256, height or 256)
        entries.append((size[0] * size[1], bits if kind == ICON else 0, -at, size, length, offset))
    _, bits, _, size, length, offset = max(entries)
    return Entry(size, bits, data[offset : offset + length])
