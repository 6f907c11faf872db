"""TIFFs whose directory stands before their pixels, as those do of which a part can be drawn."""

import struct
import zlib

import numpy as np
from PIL import Image

from tests.engine import pictures

UNCOMPRESSED, JPEG, DEFLATE, PACKBITS = 1, 7, 8, 32773


def _part(levels: np.ndarray, compression: int) -> bytes:
    if compression == JPEG:
        return pictures.saved(Image.fromarray(levels), "JPEG", quality=95, subsampling=0)
    data = levels.tobytes()
    if compression == PACKBITS:  # literal runs alone, each row for itself
        rows = (row.tobytes() for row in levels)
        return b"".join(
            bytes((len(run) - 1,)) + run
            for row in rows
            for run in (row[at : at + 128] for at in range(0, len(row), 128))
        )
    return zlib.compress(data) if compression == DEFLATE else data


def _padded(part: np.ndarray, side: tuple[int, int]) -> np.ndarray:
    return np.pad(part, ((0, side[1] - part.shape[0]), (0, side[0] - part.shape[1]), (0, 0)))


def written(
    image: Image.Image,
    compression: int = UNCOMPRESSED,
    *,
    rows: int = 16,
    tile: tuple[int, int] | None = None,
    is_planar: bool = False,
    order: str = "<",
    is_big: bool = False,
    orientation: int = 1,
) -> bytes:
    """The picture (RGB) in strips of some rows, or in tiles."""
    levels, (width, height) = np.asarray(image), image.size
    planes = [levels[..., channel : channel + 1] for channel in range(3)] if is_planar else [levels]
    columns, step = tile or (width, rows)
    blocks = [
        plane[top : top + step, left : left + columns]
        for plane in planes
        for top in range(0, height, step)
        for left in range(0, width, columns)
    ]
    parts = [_part(_padded(block, tile) if tile else block, compression) for block in blocks]
    values = {
        256: [width],
        257: [height],
        258: [8, 8, 8],
        259: [compression],
        262: [6 if compression == JPEG else 2],
        274: [orientation],
        277: [3],
        284: [2 if is_planar else 1],
        **({322: [tile[0]], 323: [tile[1]]} if tile else {278: [rows]}),
        324 if tile else 273: [0] * len(parts),
        325 if tile else 279: [len(part) for part in parts],
    }
    word, entry = ("Q", "HHQ") if is_big else ("I", "HHI")
    size = struct.calcsize(word)
    head = (b"II" if order == "<" else b"MM") + (
        struct.pack(order + "HHHQ", 43, 8, 0, 16) if is_big else struct.pack(order + "HI", 42, 8)
    )
    start = len(head) + struct.calcsize(order + ("Q" if is_big else "H")) + len(values) * (4 + 2 * size) + size
    length = start + sum(4 * len(numbers) for numbers in values.values() if 4 * len(numbers) > size)
    values[324 if tile else 273] = [length + sum(map(len, parts[:number])) for number in range(len(parts))]
    entries, arrays = b"", b""
    for name, numbers in sorted(values.items()):
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        if len(packed) > size:
            packed, arrays = struct.pack(order + word, start + len(arrays)), arrays + packed
        entries += struct.pack(order + entry, name, 4, len(numbers)) + packed.ljust(size, b"\0")
    count = struct.pack(order + ("Q" if is_big else "H"), len(values))
    return head + count + entries + bytes(size) + arrays + b"".join(parts)
