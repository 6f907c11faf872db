"""Walks the markers of a JPEG (ITU-T T.81, annex B) for its size and the number of its scans; no pixel is decoded."""

import itertools
import re
from dataclasses import dataclass

# Not a stuffed zero, a fill byte or a restart: those stand inside a scan.
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
START, END, SCAN, PROGRESSIVE, RESTART_INTERVAL, PHOTOSHOP = 0xD8, 0xD9, 0xDA, 0xC2, 0xDD, 0xED
RESOURCE = b"8BIM"  # begins each part of Photoshop's segment
ALONE = {0x01, START}
FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True)
class Scan:
    """The header of a scan: its components by id, the first and last coefficient, and the lowest bit it brings."""

    components: tuple[int, ...]
    first: int
    last: int
    low_bit: int


@dataclass(frozen=True)
class Layout:
    """The size as stored, None where no frame header was found; the scans, each of which goes over all pixels of its
    components once more; the marker of the frame and the bits of a sample, 0 where there is none; whether the end is
    marked; the number of markers before it, and of parts of Photoshop's segments; and the bytes before the first scan
    that belong to no segment."""

    size: tuple[int, int] | None
    scan_headers: tuple[Scan, ...]
    frame: int = 0
    is_ended: bool = False
    bits: int = 0
    markers: int = 0
    fill: int = 0

    @property
    def scans(self) -> int:
        """How many there are."""
        return len(self.scan_headers)

    @property
    def is_progressive(self) -> bool:
        """Whether each scan brings a part of every coefficient alone."""
        return self.frame == PROGRESSIVE


def layout(data: bytes, start: int = 0, *, most_scans: int | None = None, most_markers: int | None = None) -> Layout:
    """The layout of the JPEG that begins at `start`, read to its end, or until it has more than `most_scans` or as many
    markers as `most_markers`."""
    size, frame, bits, offset, is_ended, markers, fill = None, 0, 0, start, False, 0, 0
    scans: list[Scan] = []
    for _ in itertools.count() if most_markers is None else range(most_markers):
        match = MARKER.search(data, offset)
        if match is None:
            break
        fill += 0 if scans else match.start() - offset
        marker, offset = data[match.end() - 1], match.end()
        is_ended = marker == END
        if is_ended or (most_scans is not None and len(scans) > most_scans):
            break
        markers += 1
        if marker in ALONE:
            continue
        if marker in FRAMES and size is None:
            height, width = (int.from_bytes(data[offset + at : offset + at + 2], "big") for at in (3, 5))
            size, frame, bits = (width, height), marker, int.from_bytes(data[offset + 2 : offset + 3], "big")
        if marker == SCAN:
            scans.append(_scan(data[offset + 2 : offset + int.from_bytes(data[offset : offset + 2], "big")]))
        length = max(2, int.from_bytes(data[offset : offset + 2], "big"))
        if marker == PHOTOSHOP:
            markers += data.count(RESOURCE, offset, offset + length)
        offset += length
    return Layout(size, tuple(scans), frame, is_ended, bits, markers, fill)


def _scan(header: bytes) -> Scan:
    count = header[0] if header else 0
    components = tuple(header[1 : 1 + 2 * count : 2])
    first, last, bits = header[1 + 2 * count : 4 + 2 * count].ljust(3, b"\0")
    return Scan(components, first, last, bits & 15)
