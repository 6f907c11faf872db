"""What `metadata=keep` hands on: EXIF, XMP and IPTC without location, serial numbers, thumbnails, comments, maker notes
and the history of editing. Values are copied as they are stored; what no standard names is left out."""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree import ElementTree

from PIL import ExifTags, Image

from transforms.engine.containers import exif_block
from transforms.engine.metadata import exif as stored_exif

# As much as one segment of a JPEG holds, with room for its head.
LONGEST = 60_000
MOST_ENTRIES = 500
TYPE_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
TEXT, LONG = 2, 4
EXIF_DIRECTORY = 34665
# What the standards name (EXIF 2.32, TIFF 6.0), but for what describes how the source was stored, what is not handed
# on, and what is no longer so: orientation, sizes, places within the picture.
STORAGE = {
    *range(254, 260),
    262,
    263,
    *range(264, 267),
    273,
    274,
    *range(277, 282),
    284,
    288,
    289,
    290,
    291,
    292,
    293,
    301,
    317,
    318,
    319,
    *range(320, 326),
    330,
    332,
    *range(336, 348),
    *range(512, 533),
    700,
    33421,
    33422,
    34377,
    34675,
    33723,
    34665,
    34853,
    37396,
    40961,
    40962,
    40963,
    40965,
    41492,
}
PRIVATE = {
    37500,
    37510,
    40092,
    42033,
    42037,
    42016,
    50341,
    *range(50706, 51200),
    59932,
    59933,
}  # maker note, comments, serial numbers, ids, what belongs to raw files
KEPT_TAGS = {tag for tag in ExifTags.TAGS if tag not in STORAGE | PRIVATE}
# Of XMP: in any namespace, by the name alone.
DROPPED = re.compile(
    "gps|serial|thumbnail|comment|maker|history|location|latitude|longitude|altitude|geo|orientation|pixel[xy]dimension"
    "|image(width|length|height)|extendedxmp|ancestors|derivedfrom|ingredients|pantry|manifest|regions?$|regioninfo"
    "|^(city|state|country|countrycode|countryname|provincestate|sublocation|worldregion)$",
    re.IGNORECASE,
)
# The identities of a document and its editing; gain maps and their container.
DROPPED_NAMESPACES = {
    "http://ns.adobe.com/xap/1.0/mm/",
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.google.com/photos/1.0/container/",
    "http://ns.adobe.com/xap/1.0/g/img/",
}
PREFIXES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
}
PACKET_HEAD, PACKET_END = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>', b'<?xpacket end="r"?>'
# Data sets of record 2 of IPTC (IIM 4.2) that tell where a picture was taken; from 200 on they are previews.
PLACES, FIRST_PREVIEW = {26, 27, 90, 92, 95, 100, 101}, 200
RECORD, APPLICATION = 0x1C, 2
RESOURCE = 0x0404

Entry = tuple[int, int, bytes]  # type, count, value


@dataclass(frozen=True)
class OutputMetadata:
    """EXIF with its head, an XMP packet, and IPTC records; each empty where there is nothing to hand on."""

    exif: bytes = b""
    xmp: bytes = b""
    iptc: bytes = b""

    def __bool__(self) -> bool:
        return bool(self.exif or self.xmp or self.iptc)


def read(image: Image.Image, data: bytes, xmp: bytes, rights: Mapping[int, bytes]) -> OutputMetadata:
    """Of a picture whose header is read. `rights` are texts by their EXIF tag that go in where EXIF has none."""
    block = data if image.format == "TIFF" else stored_exif.block(image)
    resources = image.info.get("photoshop")
    records = resources.get(RESOURCE, b"") if isinstance(resources, dict) else b""
    return OutputMetadata(exif(block, rights), packet(xmp), iptc(records or b""))


def exif(block: bytes, rights: Mapping[int, bytes]) -> bytes:
    """The EXIF that is handed on of a block (with its head or without)."""
    block = block.removeprefix(exif_block.HEAD)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(block[:4], "")
    directories: list[dict[int, Entry]] = [{}, {}]
    if order:
        try:
            start = struct.unpack_from(order + "I", block, 4)[0]
            directories[0] = dict(_entries(block, order, start))
            inner = _pointer(block, order, start)
            directories[1] = dict(_entries(block, order, inner)) if inner else {}
        except struct.error:
            directories = [{}, {}]  # damaged EXIF does not affect the picture
    for tag, text in rights.items():
        directories[0].setdefault(tag, (TEXT, len(text) + 1, text + b"\0"))
    return _written(order or "<", *directories) if any(directories) else b""


def _entries(block: bytes, order: str, start: int) -> Iterator[tuple[int, Entry]]:
    left = LONGEST // 2
    for tag, kind, count, place in _stored(block, order, start):
        size = TYPE_SIZES.get(kind, 0) * count
        if tag not in KEPT_TAGS or not 0 < size <= left:
            continue
        (offset,) = struct.unpack(order + "I", place)
        value = place[:size] if size <= 4 else block[offset : offset + size]
        if len(value) == size:
            left -= size + 12
            yield tag, (kind, count, value)


def _stored(block: bytes, order: str, start: int) -> Iterator[tuple[int, int, int, bytes]]:
    (count,) = struct.unpack_from(order + "H", block, start)
    for at in range(start + 2, start + 2 + 12 * min(count, MOST_ENTRIES), 12):
        yield struct.unpack_from(order + "HHI4s", block, at)


def _pointer(block: bytes, order: str, start: int) -> int:
    """Where the directory of the camera begins; 0 where there is none."""
    places = [place for tag, _, _, place in _stored(block, order, start) if tag == EXIF_DIRECTORY]
    return struct.unpack(order + "I", places[0])[0] if places else 0


def _written(order: str, main: dict[int, Entry], inner: dict[int, Entry]) -> bytes:
    """A block of two directories."""
    start = 8
    if inner:
        main = {**main, EXIF_DIRECTORY: (LONG, 1, bytes(4))}
        at = start + _length(main)
        main[EXIF_DIRECTORY] = (LONG, 1, struct.pack(order + "I", at))
    magic = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, start)
    first = _directory(order, main, start)
    return exif_block.HEAD + magic + first + (_directory(order, inner, start + len(first)) if inner else b"")


def _length(entries: dict[int, Entry]) -> int:
    return (
        6 + 12 * len(entries) + sum(len(value) + len(value) % 2 for _, _, value in entries.values() if len(value) > 4)
    )


def _directory(order: str, entries: dict[int, Entry], start: int) -> bytes:
    head, body, at = struct.pack(order + "H", len(entries)), b"", start + 6 + 12 * len(entries)
    for tag, (kind, count, value) in sorted(entries.items()):
        place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", at + len(body))
        head += struct.pack(order + "HHI", tag, kind, count) + place
        body += value + b"\0" * (len(value) % 2) if len(value) > 4 else b""
    return head + bytes(4) + body


def packet(xmp: bytes) -> bytes:
    """The XMP that is handed on; empty where it is damaged, too long, or declares entities."""
    text = xmp.strip(b"\0 \r\n\t")
    if not text or len(text) > LONGEST or b"<!" in text or b"\0" in text:
        return b""
    try:
        root = ElementTree.fromstring(text)
        _clean(root)
        body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    except (ElementTree.ParseError, ValueError, RecursionError, LookupError):
        return b""
    whole = PACKET_HEAD + body + PACKET_END
    return whole if len(whole) <= LONGEST else b""


def _clean(element: ElementTree.Element) -> None:
    for name in [name for name in element.attrib if _is_dropped(name)]:
        del element.attrib[name]
    for child in [child for child in element if _is_dropped(child.tag)]:
        element.remove(child)
    for child in element:
        _clean(child)


def _is_dropped(name: str) -> bool:
    namespace, _, local = name.rpartition("}")
    if namespace.removeprefix("{") in (PREFIXES["rdf"], PREFIXES["x"]):
        return False
    return namespace.removeprefix("{") in DROPPED_NAMESPACES or bool(DROPPED.search(local))


def iptc(records: bytes) -> bytes:
    """The IPTC records that are handed on."""
    kept, at = b"", 0
    while at + 5 <= len(records) and records[at] == RECORD:
        record, number, length = struct.unpack_from(">BBH", records, at + 1)
        end = at + 5 + length
        if length >= 0x8000 or end > len(records):
            break
        is_place = record == APPLICATION and (number in PLACES or number >= FIRST_PREVIEW)
        if record <= APPLICATION and not is_place and len(kept) + 5 + length <= LONGEST:
            kept += records[at:end]
        at = end
    return kept


def segment(iptc_records: bytes) -> bytes:
    """The segment of a JPEG (APP13) that holds IPTC records."""
    padded = iptc_records + b"\0" * (len(iptc_records) % 2)
    body = b"Photoshop 3.0\x008BIM" + struct.pack(">HHI", RESOURCE, 0, len(iptc_records)) + padded
    return b"\xff\xed" + struct.pack(">H", 2 + len(body)) + body


for prefix, namespace in PREFIXES.items():
    ElementTree.register_namespace(prefix, namespace)
