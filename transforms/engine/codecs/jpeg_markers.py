"""Walks the markers of a JPEG (ITU-T T.81, annex B) for its size and the number of its scans; no pixel is decoded."""

import re
from dataclasses import dataclass

# Not a stuffed zero, a fill byte or a restart: those stand inside a scan.
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
START, END, SCAN = 0xD8, 0xD9, 0xDA
ALONE = {0x01, START}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Layout:
    """The size as stored, None where no frame header was found, and the number of scans: each goes over all pixels of
    its components once more."""

    size: tuple[int, int] | None
    scans: int


def layout(data: bytes, start: int = 0, *, most_scans: int | None = None) -> Layout:
    """The layout of the JPEG that begins at `start`, read to its end, or until it has more than `most_scans`."""
    size, scans, offset = None, 0, start
    while (match := MARKER.search(data, offset)) is not None:
        marker, offset = data[match.end() - 1], match.end()
        if marker == END or (most_scans is not None and scans > most_scans):
            break
        if marker in ALONE:
            continue
        if marker in FRAMES and size is None:
            height, width = (int.from_bytes(data[offset + at : offset + at + 2], "big") for at in (3, 5))
            size = width, height
        scans += marker == SCAN
        offset += max(2, int.from_bytes(data[offset : offset + 2], "big"))
    return Layout(size, scans)
