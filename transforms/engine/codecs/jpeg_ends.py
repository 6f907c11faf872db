"""JPEGs without the marker that ends them (EOI): read where the picture is whole, as browsers show them (I9)."""

from collections import defaultdict
from io import BytesIO

from PIL import Image

from transforms.engine.containers import jpeg_markers

END = b"\xff\xd9"
COEFFICIENTS = 64
# Any bits that are no marker: a decoder that still wants bits takes these, and draws something else than without.
NOISE = bytes((index * 167 + 13) % 255 for index in range(4_096))


def ended(data: bytes, layout: jpeg_markers.Layout) -> bytes | None:
    """The file with its end; None where a part of the picture is missing.

    Decoders fill what is missing in silence, so it is decoded twice, with nothing and with noise in the place of what
    may be missing. Scans that are missing altogether are known by the coefficients that the others leave open.
    """
    if layout.has_restarts:
        return None  # a decoder that misses a restart passes over the noise as it does over nothing
    data = data.rstrip(b"\xff")  # the half of a marker
    if not _is_refined(layout) or _drawn(data + END) != _drawn(data + NOISE + END):
        return None
    return data + END


def _drawn(data: bytes) -> bytes:
    with Image.open(BytesIO(data), formats=["JPEG"]) as image:
        return image.tobytes()


def _is_refined(layout: jpeg_markers.Layout) -> bool:
    """Whether the scans of a progressive JPEG bring every coefficient of every component down to its last bit."""
    if not layout.is_progressive:
        return True
    bits: dict[int, list[int]] = defaultdict(lambda: [COEFFICIENTS] * COEFFICIENTS)
    for scan in layout.scan_headers:
        for component in scan.components:
            for index in range(scan.first, min(scan.last, COEFFICIENTS - 1) + 1):
                bits[component][index] = scan.low_bit
    return bool(bits) and all(left == 0 for each in bits.values() for left in each)
