"""AVIFs whose alpha is described as some encoders do and the decoder does not take it (ISO/IEC 23008-12, MIAF).

libavif demands the size (`ispe`) of an alpha item, that it is the colour's, and associations in the order of the items.
Its switch for the first (AVIF_STRICT_ALPHA_ISPE_REQUIRED) is out of reach behind Pillow, which turns off only those for
`pixi` and `clap`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

HEADER_BYTES = 65_536
AUXILIARY, DERIVED = b"auxl", b"dimg"
NAMES = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0", b"urn:mpeg:hevc:2015:auxid:1\0")
MOST_ITEMS = 1_000
SIZE_BYTES = 12  # version and flags, width, height
ESSENTIAL = 0x8000

Associations = dict[int, list[int]]


@dataclass(frozen=True)
class _Box:
    """A box by its place; `start` is where its content begins."""

    name: bytes
    offset: int
    start: int
    end: int


NO_BOX = _Box(b"", 0, 0, 0)


def repaired(data: bytes) -> bytes:
    """The file with the size of the colour for its alpha; the same object where there is nothing to mend or the boxes
    are not as they must be."""
    if data.find(AUXILIARY, 0, HEADER_BYTES) < 0:
        return data
    try:
        return _repaired(data)
    except (struct.error, IndexError, KeyError, ValueError, StopIteration):
        return data


def _repaired(data: bytes) -> bytes:
    meta = next(box for box in _boxes(data, 0, len(data)) if box.name == b"meta")
    parts = {box.name: box for box in _boxes(data, meta.start + 4, meta.end)}
    inner = list(_boxes(data, parts[b"iprp"].start, parts[b"iprp"].end))
    container = next(box for box in inner if box.name == b"ipco")
    properties = [NO_BOX, *_boxes(data, container.start, container.end)]
    associations: Associations = {}
    for box in inner:
        if box.name == b"ipma":
            associations |= _associations(data, box)
    changes = dict(_changes(data, properties, associations, list(_references(data, parts[b"iref"]))))
    if not changes and [*associations] == sorted(associations):
        return data
    others = b"".join(data[box.offset : box.end] for box in inner if box.name != b"ipma")
    new = others + _written(associations | changes)
    body = data[meta.start : meta.start + 4] + b"".join(
        _box(b"iprp", new) if box.name == b"iprp" else data[box.offset : box.end]
        for box in _boxes(data, meta.start + 4, meta.end)
    )
    # The new one stands at the end, so that no place in the file moves.
    return data[: meta.offset + 4] + b"free" + data[meta.offset + 8 :] + _box(b"meta", body)


def _changes(
    data: bytes, properties: list, associations: Associations, references: list[tuple[bytes, int, tuple[int, ...]]]
) -> Iterator[tuple[int, list[int]]]:
    """The associations of the alpha items whose size is not that of their colour."""
    tiles = {item: to for name, item, to in references if name == DERIVED}
    compared = 0
    pairs = [(item, to[0]) for name, item, to in references if name == AUXILIARY and to]
    for item, colour in pairs:
        own = [properties[index & ~ESSENTIAL] for index in associations[item]]
        if not any(box.name == b"auxC" and data.startswith(NAMES, box.start + 4, box.end) for box in own):
            continue
        mine, theirs = tiles.get(item, ()), tiles.get(colour, ())
        each = zip(mine, theirs, strict=True) if len(mine) == len(theirs) else ()
        for one, other in [(item, colour), *each]:
            compared += 1
            if compared > MOST_ITEMS:
                raise ValueError("more items than a picture has")
            size, *_ = (index for index in associations[other] if _is_size(properties, index))
            sizes = [index for index in associations.get(one, []) if _is_size(properties, index)]
            content = [_size(data, properties[index & ~ESSENTIAL]) for index in (size, *sizes)]
            if len(content) != 2 or content[0] != content[1]:
                yield one, [size, *(index for index in associations.get(one, []) if index not in sizes)]


def _size(data: bytes, box: _Box) -> bytes:
    if box.end - box.start != SIZE_BYTES:
        raise ValueError("a size that is none")
    return data[box.start : box.end]


def _is_size(properties: list, index: int) -> bool:
    return properties[index & ~ESSENTIAL].name == b"ispe"


def _boxes(data: bytes, offset: int, end: int) -> Iterator[_Box]:
    """The boxes of one level. Raises ValueError where one does not fit."""
    for _ in range(MOST_ITEMS):
        if offset + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, offset)
        head = 8
        if size == 1:
            (size,), head = struct.unpack_from(">Q", data, offset + 8), 16
        size = size or end - offset
        if not head <= size <= end - offset:
            raise ValueError("a box that does not fit")
        yield _Box(name, offset, offset + head, offset + size)
        offset += size
    raise ValueError("more boxes than a picture has")


def _box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def _references(data: bytes, iref: _Box) -> Iterator[tuple[bytes, int, tuple[int, ...]]]:
    """(type, item, items it refers to)"""
    number = "I" if data[iref.start] else "H"
    for box in _boxes(data, iref.start + 4, iref.end):
        item, count = struct.unpack_from(f">{number}H", data, box.start)
        at = box.start + struct.calcsize(f">{number}H")
        yield box.name, item, struct.unpack_from(f">{min(count, MOST_ITEMS)}{number}", data, at)


def _associations(data: bytes, ipma: _Box) -> Associations:
    """The properties of each item by their numbers from 1, with ESSENTIAL where they are."""
    version, flags, count = data[ipma.start], data[ipma.start + 3], struct.unpack_from(">I", data, ipma.start + 4)[0]
    if count > MOST_ITEMS:
        raise ValueError("more items than a picture has")
    associations, at, wide = {}, ipma.start + 8, flags & 1
    for _ in range(count):
        (item,) = struct.unpack_from(">I" if version else ">H", data, at)
        at += 4 if version else 2
        size = data[at]
        numbers = struct.unpack_from(f">{size}{'H' if wide else 'B'}", data, at + 1)
        associations[item] = [number if wide else (number & 0x80) << 8 | number & 0x7F for number in numbers]
        at += 1 + size * (1 + wide)
    return associations


def _written(associations: Associations) -> bytes:
    body = struct.pack(">II", 1 << 24 | 1, len(associations))
    for item, numbers in sorted(associations.items()):
        body += struct.pack(f">IB{len(numbers)}H", item, len(numbers), *numbers)
    return _box(b"ipma", body)
