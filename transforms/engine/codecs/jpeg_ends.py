"""JPEGs without the marker that ends them (EOI): read where the picture is whole, as browsers show them (I9)."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

from PIL import Image

from transforms.engine.containers import jpeg_markers

END = b"\xff\xd9"
COEFFICIENTS = 64
BLOCK = 8
# Any bits that are no marker, and their opposites: a decoder that still wants bits draws something else with each.
NOISE = bytes((index * 167 + 13) % 254 + 1 for index in range(4_096))
OPPOSITE = bytes(255 - byte for byte in NOISE)
RESTART = re.compile(rb"\xff([\xd0-\xd7])")


@dataclass
class _Frame:
    """What counts the blocks of a scan: the size in pixels, the sampling factors of each component by its id, and the
    restart interval (MCUs, 0 for none), the components and the entropy data of the last scan."""

    size: tuple[int, int] = (0, 0)
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    interval: int = 0
    components: tuple[int, ...] = ()
    entropy: int = 0

    @property
    def units(self) -> int:
        """How many MCUs the last scan has (ITU-T T.81, A.2): of one component its own blocks."""
        most = [max(factors) for factors in zip(*self.sampling.values(), strict=True)]
        if len(self.components) == 1:
            own = self.sampling[self.components[0]]
            sides = [math.ceil(side * mine / all_) for side, mine, all_ in zip(self.size, own, most, strict=True)]
            return math.prod(math.ceil(side / BLOCK) for side in sides)
        return math.prod(math.ceil(side / BLOCK / factor) for side, factor in zip(self.size, most, strict=True))


def ended(data: bytes, layout: jpeg_markers.Layout) -> bytes | None:
    """The file with its end; None where a part of the picture is missing.

    Decoders fill what is missing in silence, so it is decoded twice, with noise and with its opposite in the place of
    what may be missing: a picture that needs no further bit comes out the same. A decoder that misses a restart passes
    over both, so the restarts of the last scan are counted. Scans that are missing altogether are known by the
    components and coefficients that the others leave open.
    """
    data = data.rstrip(b"\xff")  # the half of a marker
    frame = _frame(data, len(layout.scan_headers))
    if frame is None or not _has_every_scan(layout, frame) or not _has_every_restart(data, frame):
        return None
    if _drawn(data + NOISE + END) != _drawn(data + OPPOSITE + END):
        return None
    return data + END


def _drawn(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        return image.tobytes()


def _frame(data: bytes, scans: int) -> _Frame | None:
    """The frame with the last of its scans; None where a marker is not as it must be."""
    frame, offset, is_sized = _Frame(), 0, False
    while scans:
        match = jpeg_markers.MARKER.search(data, offset)
        if match is None:
            return None
        marker, offset = data[match.end() - 1], match.end()
        if marker in jpeg_markers.ALONE:
            continue
        length = int.from_bytes(data[offset : offset + 2], "big")
        body, offset = data[offset + 2 : offset + length], offset + max(2, length)
        if marker in jpeg_markers.FRAMES and not is_sized and len(body) > 8:
            is_sized = True
            frame.size = int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big")
            frame.sampling = {number: (both >> 4, both & 15) for number, both, _ in _triples(body[6 : 6 + 3 * body[5]])}
        elif marker == jpeg_markers.RESTART_INTERVAL:
            frame.interval = int.from_bytes(body[:2], "big")
        elif marker == jpeg_markers.SCAN:
            scans -= 1
            frame.components, frame.entropy = tuple(body[1 : 1 + 2 * body[0] : 2]), offset
    is_sound = frame.sampling and all(1 <= factor <= 4 for pair in frame.sampling.values() for factor in pair)
    return frame if is_sound and frame.components and {*frame.components} <= {*frame.sampling} else None


def _triples(body: bytes) -> Iterator[tuple[int, ...]]:
    return zip(*[iter(body)] * 3, strict=False)


def _has_every_scan(layout: jpeg_markers.Layout, frame: _Frame) -> bool:
    """Whether every component has its scan, and of a progressive JPEG every coefficient down to its last bit."""
    if not layout.is_progressive:
        return {*frame.sampling} == {component for scan in layout.scan_headers for component in scan.components}
    bits: dict[int, list[int]] = defaultdict(lambda: [COEFFICIENTS] * COEFFICIENTS)
    for scan in layout.scan_headers:
        for component in scan.components:
            for index in range(scan.first, min(scan.last, COEFFICIENTS - 1) + 1):
                bits[component][index] = scan.low_bit
    return {*bits} == {*frame.sampling} and all(left == 0 for each in bits.values() for left in each)


def _has_every_restart(data: bytes, frame: _Frame) -> bool:
    """Whether the last scan has its restarts, each with the number that is due, so that nothing but the end of its last
    interval can be missing."""
    due = math.ceil(frame.units / frame.interval) - 1 if frame.interval else 0
    numbers = [match[1][0] & 7 for match in RESTART.finditer(data, frame.entropy)]
    return numbers == [index % 8 for index in range(due)]
