"""What a file says of its size, read from its header alone: how much work it will be, and no more than that.

It is read in the web process: whatever the file holds, that takes a few milliseconds.
"""

import struct
from dataclasses import dataclass

from transforms.engine.containers import ico, jpeg_markers, sniffing

PLAIN_SCANS = 10  # so many scans of a JPEG are as much work as one decoding
HEADER_BYTES = 65_536
LOOKED_AT = 262_144  # of a JPEG: its frame is behind its metadata
MOST_MARKERS, MOST_TAGS = 1_000, 64
PIXELS_PER_BYTE = 8  # taken where a header is not understood: well compressed
PIXELS_PER_BYTE_OF_SVG = 40  # it is read as XML and CSS: half a megabyte a second where it is full of functions
GIF_CONTROL = b"\x21\xf9\x04"  # before each frame of an animation
TIFF_WIDTH, TIFF_LENGTH, TIFF_SHORT = 256, 257, 3
Header = tuple[int, int, int]


@dataclass(frozen=True)
class Promise:
    """The size as stored, None where the header is not understood; and the pixels to go through, over all frames."""

    size: tuple[int, int] | None
    pixels: int


def read(data: bytes) -> Promise:
    """The promise of a file, true or not. Never raises."""
    if sniffing.is_svg(data):
        return Promise(None, len(data) * PIXELS_PER_BYTE_OF_SVG)
    try:
        width, height, passes = READERS[sniffing.format_of(data) or ""](data)
    except (KeyError, IndexError, struct.error, StopIteration):
        width = height = passes = 0
    if not width * height:
        return Promise(None, len(data) * PIXELS_PER_BYTE)
    return Promise((width, height), width * height * max(1, passes))


def _jpeg(data: bytes) -> Header:
    layout = jpeg_markers.layout(data[:LOOKED_AT], most_markers=MOST_MARKERS)
    return *(layout.size or (0, 0)), layout.scans // PLAIN_SCANS


def _png(data: bytes) -> Header:
    control = data.find(b"acTL", 33, HEADER_BYTES)
    frames = struct.unpack_from(">I", data, control + 4)[0] if control > 0 else 1
    return *struct.unpack_from(">II", data, 16), frames


def _webp(data: bytes) -> Header:
    return *(sniffing.webp_size(data) or (0, 0)), data.count(b"ANMF")


def _gif(data: bytes) -> Header:
    return *struct.unpack_from("<HH", data, 6), data.count(GIF_CONTROL)


def _bmp(data: bytes) -> Header:
    is_old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if is_old else "<ii", data, 18)
    return abs(width), abs(height), 1


def _ico(data: bytes) -> Header:
    entry = ico.best(data)
    if entry.is_png:
        return _png(entry.data)
    width, height = struct.unpack_from("<ii", entry.data, 4)
    return abs(width), abs(height) // 2, 1


def _tiff(data: bytes) -> Header:
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    sides = {}
    for offset in range(directory + 2, directory + 2 + 12 * min(count, MOST_TAGS), 12):
        tag, kind = struct.unpack_from(order + "HH", data, offset)
        if tag in (TIFF_WIDTH, TIFF_LENGTH):
            (sides[tag],) = struct.unpack_from(order + ("H" if kind == TIFF_SHORT else "I"), data, offset + 8)
    return sides[TIFF_WIDTH], sides[TIFF_LENGTH], 1


def _avif(data: bytes) -> Header:
    """The largest size that the header names (`ispe`), and the samples of a sequence (`stsz`)."""
    header, sizes, offset = data[:HEADER_BYTES], [(0, 0)], 0
    while (offset := header.find(b"ispe", offset + 1)) > 0:
        sizes.append(struct.unpack_from(">II", header, offset + 8))
    samples = header.find(b"stsz")
    frames = struct.unpack_from(">I", header, samples + 12)[0] if samples > 0 else 1
    return *max(sizes, key=lambda size: size[0] * size[1]), frames


READERS = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
    "TIFF": _tiff,
    "AVIF": _avif,
    "ICO": _ico,
}
