"""Detects the picture format of bytes, and truncated files, without decoding a pixel."""

import re
import struct

from transforms.engine.containers import ico

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
AVIF_BRANDS = {b"avif", b"avis"}
STRUCTURES = {b"mif1", b"msf1"}  # brands of the container alone
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
SVG_HEAD = 65_536
SVG_ROOT = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?svg[\s/>]", re.ASCII)
SPACE = re.compile(r"[ \t\r\n]+")
# What XML allows before its root element: (start, end) of each.
PROLOGUE = (("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">"))
WIDE = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
REFUSED_MAGICS = (
    (b"%PDF-", "PDF"),
    (b"8BPS", "PSD"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
)
# The reason, and the alternative.
REFUSED = {
    "HEIC": "coded by HEVC, whose patents this service has no licence for. Export it as JPEG or AVIF; phones do when "
    "asked for the most compatible format",
    "PDF": "a document. Export the page as PNG",
    "PSD": "a working file. Export it as PNG",
    "JPEG XL": "not decoded here. Export it as AVIF or JPEG",
    "JPEG 2000": "not decoded here. Export it as JPEG or PNG",
}
BMP_HEADERS = {12, *range(16, 65, 4), 42, 46, 108, 124}
TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def format_of(data: bytes) -> str | None:
    """The Pillow name of the allowed format these bytes are, or None. File names and content types are ignored."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(PNG_MAGIC):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return "GIF"
    if data[:4] in TIFF_MAGICS:
        return "TIFF"
    if data[:2] == b"BM" and len(data) >= 18 and int.from_bytes(data[14:18], "little") in BMP_HEADERS:
        return "BMP"
    if ico.is_one(data):
        return "ICO"
    return "AVIF" if _is_avif(data) else None


def refused_kind(data: bytes) -> str | None:
    """The name in REFUSED of a format that is recognized but not supported; None for an unknown one."""
    if _brands(data) & HEIC_BRANDS:
        return "HEIC"
    return next((name for magic, name in REFUSED_MAGICS if data.startswith(magic)), None)


def is_svg(data: bytes) -> bool:
    """Whether the bytes are an XML file whose root element is called svg, whatever its namespace."""
    encoding = WIDE.get(data[:2], "latin-1")
    head = data[:SVG_HEAD].removeprefix(b"\xef\xbb\xbf").decode(encoding, "replace").lstrip("\ufeff \t\r\n")
    return head.startswith("<") and SVG_ROOT.match(head, _root_offset(head)) is not None


def _root_offset(head: str) -> int:
    """Where the root element of an XML file begins; the end of its head where that has none."""
    offset = 0
    while end := next((end for start, end in PROLOGUE if head.startswith(start, offset)), None):
        if end == ">" and 0 <= (subset := head.find("[", offset)) < head.find(end, offset):
            offset = head.find("]", subset)
        offset = head.find(end, offset) if offset >= 0 else -1
        if offset < 0:
            return len(head)
        offset += len(end)
        if space := SPACE.match(head, offset):
            offset = space.end()
    return offset


def _is_avif(data: bytes) -> bool:
    """An ISO file whose brands name AVIF; HEIC and MP4 share the container."""
    return bool(_brands(data) & AVIF_BRANDS)


def branded_avif(data: bytes) -> bytes:
    """An AVIF that says so by its first brand too, by which Pillow's decoder goes; others may stand there."""
    return data if data[8:12] in AVIF_BRANDS | STRUCTURES else data[:8] + b"avif" + data[12:]


def _brands(data: bytes) -> set[bytes]:
    """The brands of an ISO file; empty for other files."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4], "big"), 512)
    return {data[8:12]} | {data[offset : offset + 4] for offset in range(16, end, 4)}


def is_cut_short(name: str, data: bytes) -> bool:
    """Whether the container declares more bytes than there are. Bytes after the end are ignored."""
    if name == "WEBP":
        return int.from_bytes(data[4:8], "little") + 8 > len(data) + 1
    if name == "GIF":
        return gif_frames(data) is None
    return False


def webp_size(data: bytes) -> tuple[int, int] | None:
    """The canvas from a WebP header. Pillow allocates that canvas on opening, so it is measured before."""
    chunk = data[12:16]
    if len(data) < 30:
        return None
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF


def gif_frames(data: bytes) -> int | None:
    """How many frames a GIF holds, or None when a block runs past the end of the file.

    After the last image the trailer may be missing, as may the terminator of that image: no pixel is lost.
    """
    offset = 13 + _gif_table(data[10]) if len(data) > 12 else len(data) + 2
    frames, start = 0, None
    while offset < len(data) and data[offset] in (0x21, 0x2C):
        if data[offset] == 0x21:
            offset, start = offset + 2, None
        elif offset + 10 <= len(data):
            frames += 1
            start = offset = offset + 11 + _gif_table(data[offset + 9])
        else:
            return None
        offset = _after_sub_blocks(data, offset)
    is_whole = offset <= len(data) or (start is not None and _lacks_terminator_alone(data, start))
    return frames if is_whole else None


def gif_parts(data: bytes, most_blocks: int, most_sub_blocks: int) -> tuple[int, int]:
    """How many blocks a GIF has, and how many sub-blocks they have; counted to one more than either limit."""
    offset, blocks, sub_blocks, size = 13 + _gif_table(data[10]) if len(data) > 12 else len(data), 0, 0, len(data)
    while offset < size and data[offset] in (0x21, 0x2C) and blocks <= most_blocks:
        blocks += 1
        if data[offset] == 0x21:
            offset += 2
        else:
            offset += 11 + (_gif_table(data[offset + 9]) if offset + 9 < size else 0)
        while offset < size and (length := data[offset]) and sub_blocks <= most_sub_blocks:
            offset += length + 1
            sub_blocks += 1
        if sub_blocks > most_sub_blocks:
            break
        offset += 1
    return blocks, sub_blocks


def _lacks_terminator_alone(data: bytes, offset: int) -> bool:
    """Whether the file ends behind a sub-block that is not full, as the last one of an image mostly is."""
    length = 255
    while offset < len(data):
        length = data[offset]
        offset += length + 1
    return offset == len(data) and length < 255


def _gif_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_sub_blocks(data: bytes, offset: int) -> int:
    end = len(data)
    while offset < end and (length := data[offset]):
        offset += length + 1
    return offset + 1
