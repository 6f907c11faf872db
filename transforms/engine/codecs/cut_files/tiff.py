"""A TIFF that ends too early: which of its strips and tiles are stored.

The decoder gives up at the first part that is missing, so each of those is made to point at one that is there; what
was drawn by it is cleared afterwards. Tags are those of TIFF 6.0.
"""

import math
import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS_PER_STRIP, PLANES = 256, 257, 258, 259, 262, 277, 278, 284
STRIPS, TILES, TILE_SIDES = (273, 279), (324, 325), (322, 323)
UNCOMPRESSED, YCBCR, SEPARATE = 1, 6, 2
LETTERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
MOST_VALUES, MOST_BITS = 200_000, 128


@dataclass(frozen=True)
class Tag:
    """The whole numbers of a tag, and where in the file they stand."""

    values: tuple[int, ...]
    layout: str
    at: int


def completed(data: bytes, most_pixels: int) -> tuple[bytes, Image.Image | None]:
    """The file with stored parts in the place of missing ones, and which pixels are stored (L, 255); None where the
    file cannot be read, or none is."""
    try:
        return _completed(bytearray(data), most_pixels)
    except (struct.error, KeyError, ValueError, ArithmeticError):  # of which OverflowError is one
        return data, None


def _completed(data: bytearray, most_pixels: int) -> tuple[bytes, Image.Image | None]:
    tags = _tags(data)
    size = (_first(tags, WIDTH), _first(tags, HEIGHT))
    tile: tuple[int, int] | None = None
    if size[0] * size[1] > most_pixels:
        return bytes(data), None
    if TILES[0] in tags:
        tile = (_first(tags, TILE_SIDES[0]), _first(tags, TILE_SIDES[1]))
    offsets, counts = (tags[name] for name in (STRIPS if tile is None else TILES))
    part = tile or (size[0], min(size[1], _first(tags, ROWS_PER_STRIP, size[1])))
    ends = [offset + count for offset, count in zip(offsets.values, counts.values, strict=True)]
    is_stored = [end <= len(data) for end in ends]
    rows = [part[1] if stored else 0 for stored in is_stored]
    if not all(is_stored) and tile is None and _is_plain(tags):
        cut = is_stored.index(False)
        stride = math.ceil(size[0] * _first(tags, SAMPLES, 1) * _first(tags, BITS, 1) / 8)
        rows[cut] = max(0, min(part[1] - 1, (len(data) - offsets.values[cut]) // stride))
        is_stored[cut] = rows[cut] > 0
        needed = stride * min(part[1], size[1] - cut * part[1])
        data += bytes(max(0, offsets.values[cut] + needed - len(data)) if is_stored[cut] else 0)
    if not any(is_stored):
        return bytes(data), None
    donor = is_stored.index(True)
    for tag in (offsets, counts):
        values = [value if stored else tag.values[donor] for value, stored in zip(tag.values, is_stored, strict=True)]
        struct.pack_into(tag.layout, data, tag.at, *values)
    planes = _first(tags, SAMPLES, 1) if _first(tags, PLANES, 1) == SEPARATE else 1
    return bytes(data), _mask(size, part, rows, planes)


def _is_plain(tags: dict[int, Tag]) -> bool:
    """Whether rows of pixels follow each other as they are, so that a part of a strip can be drawn."""
    is_chunky = _first(tags, PLANES, 1) != SEPARATE and _first(tags, PHOTOMETRIC, 0) != YCBCR
    is_narrow = _first(tags, SAMPLES, 1) * _first(tags, BITS, 1) <= MOST_BITS
    return is_chunky and is_narrow and _first(tags, COMPRESSION, 1) == UNCOMPRESSED


def _mask(size: tuple[int, int], part: tuple[int, int], rows: list[int], planes: int) -> Image.Image | None:
    """Which pixels are stored in every plane, from how many rows are of each strip or tile; None where none is."""
    across, down = math.ceil(size[0] / part[0]), math.ceil(size[1] / part[1])
    least = np.array(rows[: across * down * planes]).reshape(planes, down, across).min(axis=0)
    mask = np.zeros((size[1], size[0]), np.uint8)
    for row, column in np.argwhere(least):
        left, top = column * part[0], row * part[1]
        mask[top : top + least[row, column], left : left + part[0]] = 255
    return Image.fromarray(mask) if mask.any() else None


def _first(tags: dict[int, Tag], name: int, default: int | None = None) -> int:
    if name in tags or default is None:
        return tags[name].values[0]
    return default


def _tags(data: bytearray) -> dict[int, Tag]:
    """The first of each tag of READ in the first directory of a TIFF or a BigTIFF. Raises struct.error where one of the
    numbers is missing, and OverflowError where it would stand beyond any file."""
    order, is_big = "<" if data[:2] == b"II" else ">", 43 in data[2:4]
    word, count, entry, inline = ("Q", "Q", "HHQ", 8) if is_big else ("I", "H", "HHI", 4)
    (directory,) = struct.unpack_from(order + word, data, inline)
    (total,) = struct.unpack_from(order + count, data, directory)
    head = struct.calcsize(order + entry)
    tags: dict[int, Tag] = {}
    start = directory + struct.calcsize(order + count)
    for at in range(start, start + min(total, MOST_VALUES) * (head + inline), head + inline):
        name, kind, values = struct.unpack_from(order + entry, data, at)
        if name not in READ or name in tags or kind not in LETTERS or not 0 < values <= MOST_VALUES:
            continue
        layout, place = f"{order}{values}{LETTERS[kind]}", at + head
        if struct.calcsize(layout) > inline:
            (place,) = struct.unpack_from(order + word, data, place)
        tags[name] = Tag(struct.unpack_from(layout, data, place), layout, place)
    return tags


READ = {WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, ROWS_PER_STRIP, PLANES, *STRIPS, *TILES, *TILE_SIDES}
