"""Who made a picture and who holds its rights: EXIF's two texts, or what XMP or IPTC say where EXIF says nothing.

They are bytes, mostly UTF-8, and are handed on as they are.
"""

import html
from xml.etree import ElementTree

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

ARTIST, COPYRIGHT = int(ExifTags.Base.Artist), int(ExifTags.Base.Copyright)
# Where XMP (ISO 16684-1) and IPTC (IIM 4.2) say the same.
DUBLIN_CORE, RDF = "{http://purl.org/dc/elements/1.1/}", "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
XMP_NAMES = {ARTIST: f"{DUBLIN_CORE}creator", COPYRIGHT: f"{DUBLIN_CORE}rights"}
SEARCHED = {ARTIST: b"dc:creator", COPYRIGHT: b"dc:rights"}
ITEM, LANGUAGE = f"{RDF}li", "{http://www.w3.org/XML/1998/namespace}lang"
# Packets without these words are not parsed; those in UTF-16 begin with a mark of their byte order.
HINTS, BYTE_ORDERS = (b"creator", b"rights"), (b"\xff\xfe", b"\xfe\xff")
IPTC_SETS = {ARTIST: (2, 80), COPYRIGHT: (2, 116)}
LONGEST = 2_000
LONGEST_XMP = 1_000_000


def read(image: Image.Image, exif: Image.Exif, xmp: bytes) -> dict[int, bytes]:
    """The texts by the number of their EXIF tag; `xmp` is the packet of the file, empty where there is none."""
    iptc, said = _iptc(image), _of_xmp(xmp) if len(xmp) <= LONGEST_XMP else {}
    texts = {
        tag: _of_exif(exif.get(tag)) or said.get(tag, b"") or _clean(iptc.get(IPTC_SETS[tag]))
        for tag in (ARTIST, COPYRIGHT)
    }
    return {tag: text for tag, text in texts.items() if text}


def _of_exif(value: object) -> bytes:
    """Pillow reads a text of EXIF as Latin-1, whatever it is."""
    return _clean(value.encode("latin-1", "ignore")) if isinstance(value, str) else b""


def _of_xmp(packet: bytes) -> dict[int, bytes]:
    """What the properties of a packet say, by the tag of EXIF that says the same: of texts in several languages the one
    for all, of several makers each. A packet that declares entities is not read."""
    packet = packet.decode("utf-16", "replace").encode() if packet.startswith(BYTE_ORDERS) else packet
    if not any(word in packet for word in HINTS) or b"<!DOCTYPE" in packet or b"<!ENTITY" in packet:
        return {}
    try:
        root = ElementTree.fromstring(packet.strip(b"\0 \r\n\t"))
    except (ElementTree.ParseError, ValueError, LookupError):
        return {tag: _searched(packet, name) for tag, name in SEARCHED.items()}
    texts: dict[int, bytes] = {}
    for element in root.iter():
        for tag, name in XMP_NAMES.items():
            if tag not in texts and (text := _joined(element) if element.tag == name else element.get(name, "")):
                texts[tag] = _clean(text.encode())
    return texts


def _joined(element: ElementTree.Element) -> str:
    """The items of a property's list, or its text. No further in than a list is: properties may be within others."""
    items = [item for part in element for item in (part, *part) if item.tag == ITEM and item.text]
    for_all = [item for item in items if item.get(LANGUAGE) == "x-default"]
    return "; ".join(item.text or "" for item in for_all or items) if items else (element.text or "").strip()


def _searched(packet: bytes, name: bytes) -> bytes:
    """The first item of a property, or its attribute, in a packet that is no XML."""
    start = packet.find(b"<" + name)
    if start >= 0:
        item = packet.find(b"<rdf:li", start)
        begin, end = packet.find(b">", item) + 1, packet.find(b"</rdf:li>", item)
        close = packet.find(b"</" + name, start)
        if start < item < begin <= end < close:
            return _unescaped(packet[begin:end])
    start = packet.find(name + b'="')
    begin = start + len(name) + 2
    end = packet.find(b'"', begin)
    return _unescaped(packet[begin:end]) if 0 <= start < end else b""


def _unescaped(text: bytes) -> bytes:
    return _clean(html.unescape(text.decode("utf-8", "replace")).encode())


def _iptc(image: Image.Image) -> dict:
    if not isinstance(image, ImageFile.ImageFile):
        return {}
    try:
        return IptcImagePlugin.getiptcinfo(image) or {}
    except Exception:
        return {}  # a damaged block does not affect the picture


def _clean(value: object) -> bytes:
    """One line of at most LONGEST bytes, no character cut in two."""
    value = value[0] if isinstance(value, list) and value else value
    if not isinstance(value, bytes):
        return b""
    text = value.replace(b"\0", b" ").strip()
    cut = text[:LONGEST]
    return cut if len(text) <= LONGEST else cut.decode("utf-8", "ignore").encode()
