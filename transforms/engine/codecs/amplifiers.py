"""Refuses files that are small to send and endless to decode, by their headers and markers, before a pixel is decoded.

Frames, pixels and texts are bounded where they are read; here is what a decoder would go over again and again.
"""

import math

from PIL import Image, TiffImagePlugin

from transforms.engine.containers import jpeg_markers
from transforms.engine.containers.jpeg_markers import Layout
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

# TIFF tags (TIFF 6.0) and the compressions whose strips and tiles are JPEGs.
COMPRESSION, JPEG_COMPRESSIONS = 259, (6, 7)
TILE_WIDTH, TILE_LENGTH = 322, 323
OFFSETS = (273, 324, 513)  # of strips, of tiles, of the one stream of old-style JPEG
MOST_MARKERS = 10_000  # as much metadata as fits has some hundreds, restarts apart
MOST_MARKERS_OF_TIFF = 100_000
PADDING = 4  # tiles reach beyond the picture, at most to so many times the pixels it may have


def checked_jpeg(data: bytes, limits: Limits, start: int = 0) -> Layout:
    """The layout of a JPEG. Raises too_many_scans where it has more scans than the limit, and broken_image where it has
    countless parts."""
    layout = jpeg_markers.layout(data, start, most_scans=limits.source_scans, most_markers=MOST_MARKERS)
    if layout.scans > limits.source_scans:
        raise EngineError("too_many_scans", f"The JPEG has more scans than the limit of {limits.source_scans}.")
    if layout.markers >= MOST_MARKERS:
        raise EngineError("broken_image", f"The JPEG has more than {MOST_MARKERS} segments, which no picture needs.")
    return layout


def check_tiff(image: Image.Image, data: bytes, limits: Limits) -> None:
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
