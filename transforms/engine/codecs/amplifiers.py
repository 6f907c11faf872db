"""Refuses files that are small to send and endless to decode, by their headers and markers, before a pixel is decoded.

Frames, pixels and texts are bounded where they are read; here is what a decoder would go over again and again.
"""

import math
import struct
from collections.abc import Callable

from PIL import TiffImagePlugin

from transforms.engine.containers import jpeg_markers, sniffing
from transforms.engine.containers.jpeg_markers import Layout
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

# TIFF tags (TIFF 6.0) and the compressions whose strips and tiles are JPEGs.
COMPRESSION, JPEG_COMPRESSIONS = 259, (6, 7)
TILE_WIDTH, TILE_LENGTH = 322, 323
OFFSETS = (273, 324, 513)  # of strips, of tiles, of the one stream of old-style JPEG
MOST_MARKERS = 10_000  # as much metadata as fits has some hundreds, restarts apart
MOST_MARKERS_OF_TIFF = 100_000
MOST_TAGS = 65_535  # of a TIFF, as many as can be counted in one that is not a BigTIFF
MOST_STRIPS = 200_000  # or tiles of a TIFF; 50 million pixels in tiles of 16 by 16, the smallest, are 195,000
MOST_FILL = 100_000  # bytes between the segments of a JPEG, which its decoder reads one by one; encoders write none
# Of a PNG. 30 MB in the 8 KB of libpng are 3,700, in pieces of 1 KB 30,000; a chunk takes some ten microseconds.
MOST_CHUNKS = 50_000
# Of a GIF: extensions and images, and the sub-blocks of both. 30 MB in full sub-blocks are 120,000.
MOST_BLOCKS, MOST_SUB_BLOCKS = 50_000, 500_000
PADDING = 4  # tiles reach beyond the picture, at most to so many times the pixels it may have


def checked_jpeg(data: bytes, limits: Limits, start: int = 0) -> Layout:
    """The layout of a JPEG. Raises too_many_scans where it has more scans than the limit, and broken_image where it has
    countless parts."""
    layout = jpeg_markers.layout(data, start, most_scans=limits.source_scans, most_markers=MOST_MARKERS)
    if layout.scans > limits.source_scans:
        raise EngineError("too_many_scans", f"The JPEG has more scans than the limit of {limits.source_scans}.")
    if layout.markers >= MOST_MARKERS:
        raise EngineError("broken_image", f"The JPEG has more than {MOST_MARKERS} segments, which no picture needs.")
    if layout.fill > MOST_FILL:
        raise EngineError("broken_image", f"The JPEG has more than {MOST_FILL} bytes that belong to no segment.")
    return layout


def check_parts(name: str, data: bytes) -> None:
    """Raises broken_image for a file of countless tiny parts, each of which is more work than its bytes."""
    if name in PARTS:
        PARTS[name](data)


def _check_png(data: bytes) -> None:
    offset, length_of = 8, struct.Struct(">I").unpack_from
    for _ in range(MOST_CHUNKS):
        if offset + 12 > len(data):
            return
        offset += 12 + length_of(data, offset)[0]
    raise EngineError("broken_image", f"The PNG has more than {MOST_CHUNKS} chunks, which no picture needs.")


def _check_gif(data: bytes) -> None:
    blocks, sub_blocks = sniffing.gif_parts(data, MOST_BLOCKS, MOST_SUB_BLOCKS)
    if blocks > MOST_BLOCKS or sub_blocks > MOST_SUB_BLOCKS:
        raise EngineError(
            "broken_image",
            f"The GIF has more than {MOST_BLOCKS} blocks or {MOST_SUB_BLOCKS} parts of them, which no picture needs.",
        )


def _check_tiff(data: bytes) -> None:
    """Look at the first directory, of a TIFF or a BigTIFF; a damaged one is for the decoder to refuse."""
    order, is_big = "<" if data[:2] == b"II" else ">", 43 in data[2:4]
    at, count, entry = (8, "Q", "HHQ") if is_big else (4, "H", "HHI")
    entry_length = 20 if is_big else 12
    try:
        (directory,) = struct.unpack_from(order + ("Q" if is_big else "I"), data, at)
        (tags,) = struct.unpack_from(order + count, data, directory)
        directory += struct.calcsize(order + count)
        if tags > MOST_TAGS:
            raise EngineError("broken_image", f"The TIFF has more than {MOST_TAGS} tags, which no picture needs.")
        for offset in range(directory, directory + entry_length * tags, entry_length):
            tag, _, values = struct.unpack_from(order + entry, data, offset)
            if tag in OFFSETS and values > MOST_STRIPS:
                raise EngineError(
                    "broken_image", f"The TIFF has more than {MOST_STRIPS} strips or tiles, which no picture needs."
                )
    except (struct.error, OverflowError):  # OverflowError: an offset beyond any file
        return


PARTS: dict[str, Callable[[bytes], None]] = {"PNG": _check_png, "GIF": _check_gif, "TIFF": _check_tiff}


def check_tiff(image: TiffImagePlugin.TiffImageFile, data: bytes, limits: Limits) -> None:
    """Raises too_many_scans for a TIFF that holds such JPEGs, and too_many_pixels for tiles far larger than it is."""
    tags = image.tag_v2
    tile = [_number(tags, name) for name in (TILE_WIDTH, TILE_LENGTH)]
    if all(tile):
        decoded = math.prod(
            math.ceil(side / tile_side) * tile_side for side, tile_side in zip(image.size, tile, strict=True)
        )
        if decoded > PADDING * limits.source_pixels:
            raise EngineError("too_many_pixels", "The tiles of the TIFF are far larger than its picture.")
    if _number(tags, COMPRESSION) in JPEG_COMPRESSIONS:
        markers = 0
        for offset in sorted({offset for name in OFFSETS for offset in _numbers(tags, name)}):
            markers += checked_jpeg(data, limits, offset).markers
            if markers > MOST_MARKERS_OF_TIFF:
                raise EngineError("broken_image", "The JPEGs in the TIFF have more segments than any picture needs.")


def _number(tags: TiffImagePlugin.ImageFileDirectory_v2, name: int) -> int:
    return next(iter(_numbers(tags, name)), 0)


def _numbers(tags: TiffImagePlugin.ImageFileDirectory_v2, name: int) -> list[int]:
    value = tags.get(name, ())
    values = value if isinstance(value, tuple) else (value,)
    return [number for number in values if isinstance(number, int) and number >= 0]
