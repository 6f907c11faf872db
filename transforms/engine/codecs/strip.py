"""Copies a JPEG, a WebP or an AVIF without its metadata: only what is needed to decode the picture is kept."""

import struct
from collections.abc import Callable, Iterator

from transforms.engine.codecs import strip_avif

# Markers of JPEG (ITU-T T.81, table B.1): tables, frames, restarts and scans; every APPn and comment is left out.
TABLES = {0xDB, 0xC4, 0xDD}
FRAMES = {0xC0, 0xC1, 0xC2}
SOI = b"\xff\xd8"
SCAN, END, FIRST_RESTART, LAST_RESTART = 0xDA, 0xD9, 0xD0, 0xD7
# Adobe's segment is the colour transform, and nothing else is in its 14 bytes.
ADOBE, ADOBE_LENGTH = 0xEE, 14
# WebP chunks of picture data, and the header's flags of the others (profile, EXIF, XMP).
DRAWING = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"VP8X"}
ANNOUNCING = 0x20 | 0x08 | 0x04
FRAME_HEAD = 16


def copy(source_format: str, data: bytes) -> bytes | None:
    """The file with its metadata left out; None where that cannot be done. The caller must compare the
    decoded pictures: an orientation or a colour profile is metadata too."""
    copier = COPIERS.get(source_format)
    try:
        return copier(data) if copier else None
    except (IndexError, KeyError, ValueError, struct.error):
        return None


def _jpeg(data: bytes) -> bytes:
    if data[:2] != SOI:
        raise ValueError("no JPEG")
    parts, offset = [SOI], 2
    while True:
        while data[offset + 1] == 0xFF:
            offset += 1
        marker = data[offset + 1]
        if data[offset] != 0xFF or marker in (0x00, 0x01):
            raise ValueError("no marker where one must stand")
        if marker == END:
            return b"".join([*parts, b"\xff\xd9"])
        end = offset + 2 + int.from_bytes(data[offset + 2 : offset + 4], "big")
        adobe = marker == ADOBE and end - offset == 2 + ADOBE_LENGTH and data[offset + 4 : offset + 9] == b"Adobe"
        if marker == SCAN:
            end = _after_scan(data, end)
        if marker in TABLES | FRAMES or marker == SCAN or adobe:
            parts.append(data[offset:end])
        offset = end


def _after_scan(data: bytes, offset: int) -> int:
    """The offset of the next marker that is neither a restart nor a stuffed 0xFF."""
    while True:
        offset = data.index(b"\xff", offset)
        if data[offset + 1] and not FIRST_RESTART <= data[offset + 1] <= LAST_RESTART:
            return offset
        offset += 2


def _webp(data: bytes) -> bytes:
    if data[:4] != b"RIFF":
        raise ValueError("no WebP")
    chunks = []
    for name, body in _chunks(data[12 : 8 + int.from_bytes(data[4:8], "little")]):
        if name == b"VP8X":
            body = bytes([body[0] & ~ANNOUNCING]) + body[1:10]
        elif name == b"ANMF":
            inner = [_chunk(*part) for part in _chunks(body[FRAME_HEAD:]) if part[0] in DRAWING]
            body = body[:FRAME_HEAD] + b"".join(inner)
        if name in DRAWING:
            chunks.append(_chunk(name, body))
    content = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(content).to_bytes(4, "little") + content


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    offset = 0
    while offset + 8 <= len(data):
        size = int.from_bytes(data[offset + 4 : offset + 8], "little")
        yield data[offset : offset + 4], data[offset + 8 : offset + 8 + size]
        offset += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + len(body).to_bytes(4, "little") + body + b"\0" * (len(body) % 2)


COPIERS: dict[str, Callable[[bytes], bytes | None]] = {"jpeg": _jpeg, "webp": _webp, "avif": strip_avif.copy}
