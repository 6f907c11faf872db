"""Verifies that a still AVIF contains only its picture; only then may its bytes be copied unchanged.

Boxes: ISO/IEC 14496-12 and 23008-12, AV1 Image File Format 1.1. Units of AV1 (OBUs): its specification, 6.2.
"""

import struct
from collections.abc import Iterator

from transforms.engine.containers import avif_alpha

FILE = ["ftyp", "meta", "mdat"]
META = {"hdlr", "pitm", "iloc", "iinf", "iprp", "iref"}
BRANDS = {b"avif", b"avis", b"mif1", b"msf1", b"miaf", b"MA1A", b"MA1B", b"\0\0\0\0"}
SIZE_LENGTH, COLOUR_LENGTH, MOST_CHANNELS, CHOSEN_LENGTH = 12, 11, 4, 6
REFERENCES = {"auxl", "prem"}
ITEM_NAMES = {b"", b"Color", b"Alpha"}
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
# Sequence header, temporal delimiter, frame header, tile group, frame; any other unit may carry metadata.
DRAWING_UNITS = {1, 2, 3, 4, 6}
FULL, PLAIN = 4, 0


def copy(data: bytes) -> bytes | None:
    """The file without trailing bytes; None when any part is not known to be picture data. ValueError when damaged."""
    if avif_alpha.repaired(data) is not data:
        return None  # browsers refuse it
    boxes = list(_boxes(data))
    if [name for name, _, _ in boxes[:3]] != FILE:
        return None
    (_, ftyp, ftyp_end), (_, meta, meta_end), (_, start, end) = boxes[:3]
    meta_boxes = {name: data[offset:stop] for name, offset, stop in _boxes(data, meta + FULL, meta_end)}
    brands = {data[offset : offset + 4] for offset in range(ftyp, ftyp_end, 4)}
    plain = brands <= BRANDS and set(meta_boxes) <= META and _is_plain_meta(meta_boxes)
    extents = sorted(_extents(meta_boxes["iloc"])) if plain else []
    if not extents or not _fill(extents, start, end):
        return None
    only_drawing = all(_units(data[offset : offset + length]) <= DRAWING_UNITS for offset, length in extents)
    return data[:end] if only_drawing else None


def _is_plain_meta(meta_boxes: dict[str, bytes]) -> bool:
    """Whether names, items, properties and references are those of a picture with or without alpha."""
    handler, items = meta_boxes["hdlr"], meta_boxes["iinf"]
    properties = meta_boxes["iprp"]
    is_plain = not handler[4:8].strip(b"\0") and handler[8:12] == b"pict" and not handler[12:].strip(b"\0")
    is_plain &= all(name == "infe" and _is_picture(items[offset:end]) for name, offset, end in _boxes(items, 6))
    is_plain &= {name for name, _, _ in _boxes(meta_boxes.get("iref", b""), FULL)} <= REFERENCES
    is_plain &= len(meta_boxes["pitm"]) == CHOSEN_LENGTH
    is_plain &= {name for name, _, _ in _boxes(properties)} <= {"ipco", "ipma"}
    container = next((properties[offset:end] for name, offset, end in _boxes(properties) if name == "ipco"), b"")
    return is_plain and all(_is_property(name, container[offset:end]) for name, offset, end in _boxes(container))


def _is_picture(entry: bytes) -> bool:
    """An item's entry, version 2: its type is AV1, its name one that encoders give."""
    return entry[0] == 2 and entry[8:12] == b"av01" and entry[12:].rstrip(b"\0") in ITEM_NAMES


def _is_property(name: str, content: bytes) -> bool:
    if name == "colr":
        return content[:4] == b"nclx" and len(content) == COLOUR_LENGTH
    if name == "ispe":
        return len(content) == SIZE_LENGTH
    if name == "pixi":
        return len(content) == 5 + content[4] <= 5 + MOST_CHANNELS
    if name == "auxC":
        return content[4:] == ALPHA
    return name == "av1C" and _units(content[4:]) <= DRAWING_UNITS


def _boxes(data: bytes, offset: int = PLAIN, end: int | None = None) -> Iterator[tuple[str, int, int]]:
    """(name, start of its content, end) of each box. ValueError for a box that does not fit."""
    end = len(data) if end is None else end
    while offset + 8 <= end:
        size, name = int.from_bytes(data[offset : offset + 4], "big"), data[offset + 4 : offset + 8].decode("latin1")
        if not 8 <= size <= end - offset:
            raise ValueError("a box that does not fit")
        yield name, offset + 8, offset + size
        offset += size


def _extents(iloc: bytes) -> Iterator[tuple[int, int]]:
    """(offset, length) of the data of every item. ValueError for another version of the table."""
    version, sizes = iloc[0], [iloc[4] >> 4, iloc[4] & 15, iloc[5] >> 4]
    if version > 1 or iloc[5] & 15 or set(sizes) - {0, 4, 8}:
        raise ValueError("a table of places that is not read here")
    position = 8
    for _ in range(struct.unpack(">H", iloc[6:8])[0]):
        position += 2
        if version and iloc[position + 1] & 15:
            raise ValueError("an item that is not in the file itself")
        position += 2 * version + 2
        (base,), position = _numbers(iloc, position, sizes[2:])
        position += 2
        for _ in range(struct.unpack(">H", iloc[position - 2 : position])[0]):
            (offset, length), position = _numbers(iloc, position, sizes[:2])
            yield base + offset, length


def _numbers(data: bytes, offset: int, sizes: list[int]) -> tuple[list[int], int]:
    numbers = []
    for size in sizes:
        numbers.append(int.from_bytes(data[offset : offset + size], "big"))
        offset += size
    return numbers, offset


def _fill(extents: list[tuple[int, int]], start: int, end: int) -> bool:
    """Whether the extents cover all from `start` to `end` and nothing else."""
    position = start
    for offset, length in extents:
        if offset != position or not length:
            return False
        position += length
    return position == end


def _units(data: bytes) -> set[int]:
    """The types of the AV1 units; -1 among them for a reserved bit that is set."""
    types, offset = set(), 0
    while offset < len(data):
        head = data[offset]
        types.add(-1 if head & 0x81 else head >> 3 & 15)
        offset += 2 if head & 4 else 1
        size, shift = (0, 0) if head & 2 else (len(data) - offset, 0)
        while head & 2:
            size |= (data[offset] & 0x7F) << shift
            shift, offset = shift + 7, offset + 1
            if not data[offset - 1] & 0x80:
                break
        offset += size
    return types
