"""Who made a picture and who holds its rights: EXIF's two texts, or what XMP or IPTC say where EXIF says nothing.

They are bytes, mostly UTF-8, and are handed on as they are.
"""

import html

from PIL import ExifTags, Image, ImageFile, IptcImagePlugin

ARTIST, COPYRIGHT = int(ExifTags.Base.Artist), int(ExifTags.Base.Copyright)
# Where XMP (ISO 16684-1) and IPTC (IIM 4.2) say the same.
XMP_NAMES = {ARTIST: b"dc:creator", COPYRIGHT: b"dc:rights"}
IPTC_SETS = {ARTIST: (2, 80), COPYRIGHT: (2, 116)}
LONGEST = 2_000
LONGEST_XMP = 1_000_000


def read(image: Image.Image, exif: Image.Exif, xmp: bytes) -> dict[int, bytes]:
    """The texts by the number of their EXIF tag; `xmp` is the packet of the file, empty where there is none."""
    iptc = _iptc(image)
    texts = {
        tag: _of_exif(exif.get(tag)) or _of_xmp(xmp[:LONGEST_XMP], XMP_NAMES[tag]) or _clean(iptc.get(IPTC_SETS[tag]))
        for tag in (ARTIST, COPYRIGHT)
    }
    return {tag: text for tag, text in texts.items() if text}


def _of_exif(value: object) -> bytes:
    """Pillow reads a text of EXIF as Latin-1, whatever it is."""
    return _clean(value.encode("latin-1", "ignore")) if isinstance(value, str) else b""


def _of_xmp(packet: bytes, name: bytes) -> bytes:
    """The first item of a property, or its attribute."""
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
