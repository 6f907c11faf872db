"""Reads the chunks of a PNG (ISO/IEC 15948) as browsers do, and makes of them a file that Pillow decodes.

A side chunk that is damaged is passed over, texts are never unpacked, a missing end is added. Whether the pixels are
whole is for the decoder to say.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from transforms.engine.containers import exif_block
from transforms.engine.containers.sniffing import PNG_MAGIC
from transforms.engine.profiles import icc, named
from transforms.engine.profiles.named import NamedColours

HEADS, PIXELS = {b"IHDR", b"PLTE"}, {b"IDAT", b"fdAT", b"IEND"}
# What has no bearing on the pixels, and what is read here; the rest is handed on.
TEXTS, NAMED = {b"tEXt", b"zTXt", b"iTXt"}, {b"iCCP", b"cICP", b"sRGB", b"gAMA", b"cHRM"}
ANIMATION, FRAME = b"acTL", b"fcTL"
ANIMATED = {ANIMATION, FRAME, b"fdAT"}
PASSED_OVER = TEXTS | NAMED | ANIMATED | {b"tIME", b"bKGD", b"hIST", b"sPLT"}
BEFORE_PIXELS = NAMED | {b"tRNS"}
GREY, RGB, PALETTE, GREY_ALPHA = 0, 2, 3, 4
# Of which the first one counts, as in browsers, and others are left out.
SINGLE = {b"tRNS", b"eXIf"}
PALETTE_DEPTHS = {1, 2, 4, 8}
# What levels of 2 and 4 bits are multiplied by when they are loaded as 8.
SCALES = {2: 85, 4: 17}
LONGEST_PROFILE, LONGEST_TEXT = 8_000_000, 1_000_000
XMP = b"XML:com.adobe.xmp\0"


@dataclass(frozen=True)
class Png:
    """`data` is the file for the decoder, without the frames of an animation; `colours` what it says of its levels;
    `bits` the depth, `kind` the colour type, `key` the transparent colour as it is stored; `is_cut`: frames are
    missing; `xmp` is the XMP packet."""

    data: bytes
    colours: NamedColours
    bits: int
    kind: int
    key: tuple[int, ...] | None = None
    is_cut: bool = False
    xmp: bytes = b""

    @property
    def has_deep_key(self) -> bool:
        """Whether a transparent colour of 16 bits is named, of which a decoder to 8 bits compares one half."""
        return self.bits == 16 and self.kind == RGB and self.key is not None

    @property
    def is_deep_grey_alpha(self) -> bool:
        """Whether it is grey with alpha of 16 bits, which Pillow loads as RGBA."""
        return self.bits == 16 and self.kind == GREY_ALPHA


@dataclass(frozen=True)
class Chunk:
    """A chunk as it stands in a file; nothing of it is copied or summed up before it is asked for."""

    data: bytes
    offset: int
    length: int
    name: bytes

    @property
    def body(self) -> bytes:
        """What it holds, shorter than it says where the file ends in it."""
        return self.data[self.offset + 8 : self.offset + 8 + self.length]

    @property
    def raw(self) -> bytes:
        """All of it, as it is stored."""
        return self.data[self.offset : self.offset + 12 + self.length]

    @property
    def is_whole(self) -> bool:
        """Whether it ends before the file does."""
        return self.offset + 12 + self.length <= len(self.data)

    @property
    def is_sound(self) -> bool:
        """Whether its checksum is right."""
        return written(self.name, self.body) == self.raw


def read(data: bytes) -> Png | None:
    """None where there is no header, or one that pixels depend on is damaged: for the decoder to refuse. The checksums
    of the pixels themselves are not looked at."""
    header, frames, is_cut, has_pixels = None, 0, False, False
    first: dict[bytes, bytes] = {}
    stored = list(chunks(data))
    parts: list[Chunk | bytes] = []
    for chunk in stored:
        frames += chunk.name == FRAME
        has_pixels = has_pixels or chunk.name == b"IDAT"
        is_cut = not chunk.is_whole
        if chunk.name == b"IHDR" and len(chunk.body) == 13:
            header = chunk.body
        if chunk.name not in PIXELS and not chunk.is_sound:
            if chunk.name in HEADS:
                return None
            continue
        if chunk.name == b"iTXt" and chunk.body.startswith(XMP):
            first.setdefault(XMP, chunk.body)
        is_first = chunk.name not in first
        if (has_pixels and chunk.name in BEFORE_PIXELS) or (chunk.name in SINGLE and not is_first):
            continue
        if chunk.name in FIRST_READ and is_first:
            first[chunk.name] = chunk.body
        if chunk.name == b"tRNS" and header:
            if _is_clear_colour(header, chunk.body, b"PLTE" in first):
                first[chunk.name] = chunk.body
                if not _is_no_level(header, chunk.body):
                    body = _filled_alpha(header, chunk.body, len(first.get(b"PLTE", b"")) // 3)
                    parts.append(written(chunk.name, _scaled_key(header, body)))
        elif chunk.name == b"PLTE" and header and is_first:
            body = _filled_palette(header, chunk.body)
            parts.append(chunk if body == chunk.body else written(chunk.name, body))
        elif chunk.name == b"eXIf" and (has_pixels or chunk.body.startswith(exif_block.HEAD)):
            # The decoder reads no further than to the pixels before it is asked for it.
            parts.insert(1 if has_pixels else len(parts), written(chunk.name, exif_block.upright(chunk.body)))
        elif chunk.name == b"pHYs" and chunk.length != 9:
            continue
        elif chunk.name == b"IEND":
            parts.append(chunk if chunk.raw == IEND else IEND)
        elif chunk.name not in PASSED_OVER:
            parts.append(chunk if chunk.is_whole else written(chunk.name, chunk.body))
    if header is None:
        return None
    promised = int.from_bytes(first.get(ANIMATION, b"")[:4], "big")
    if stored[-1].name != b"IEND":
        is_cut = is_cut or promised > frames
        parts.append(IEND)
    bits, kind = header[8], header[9]
    return Png(
        data if parts == stored else _joined(parts),
        _colours(first, kind),
        bits,
        kind,
        _key(kind, first.get(b"tRNS", b"")),
        is_cut=promised > 1 and is_cut,
        xmp=_xmp(first.get(XMP, b"")),
    )


def _joined(parts: list[Chunk | bytes]) -> bytes:
    return b"".join((PNG_MAGIC, *(part if isinstance(part, bytes) else part.raw for part in parts)))


def chunks(data: bytes) -> Iterator[Chunk]:
    """Every chunk up to IEND; the last one shorter than it says where the file ends in it."""
    offset = len(PNG_MAGIC)
    while offset + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, offset)
        yield Chunk(data, offset, length, name)
        if name == b"IEND":
            return
        offset += 12 + length


def written(name: bytes, body: bytes) -> bytes:
    """A chunk of a name and a body."""
    return b"".join((len(body).to_bytes(4, "big"), name, body, zlib.crc32(body, zlib.crc32(name)).to_bytes(4, "big")))


IEND = written(b"IEND", b"")


def _is_clear_colour(header: bytes, body: bytes, has_palette: bool) -> bool:
    """Whether a tRNS chunk is one that browsers follow: of a palette behind it, and of as many samples as there are."""
    if header[9] == PALETTE:
        return has_palette and 0 < len(body) <= 256
    return _key(header[9], body) is not None


def _filled_palette(header: bytes, body: bytes) -> bytes:
    """A palette shorter than the depth allows, filled up with its last colour as browsers do."""
    missing = _entries(header) - len(body) // 3
    return body + body[-3:] * missing if missing > 0 and not len(body) % 3 else body


def _filled_alpha(header: bytes, body: bytes, entries: int) -> bytes:
    """The alpha of a palette that is filled up: that of its last colour goes on."""
    missing = _entries(header) - entries
    return body[:entries] + body[entries - 1 : entries] * missing if missing > 0 and len(body) >= entries else body


def _entries(header: bytes) -> int:
    """How many colours a palette has at the most; 0 where there is none, or of a depth that there is not."""
    bits, kind = header[8], header[9]
    return 1 << bits if kind == PALETTE and bits in PALETTE_DEPTHS else 0


def _key(kind: int, body: bytes) -> tuple[int, ...] | None:
    count = {GREY: 1, RGB: 3}.get(kind)
    return struct.unpack_from(f">{count}H", body) if count and len(body) >= 2 * count else None


def _is_no_level(header: bytes, body: bytes) -> bool:
    """Whether the key of a grey picture is beyond the levels of its depth, so that no pixel is clear."""
    key = _key(GREY, body) if header[9] == GREY else None
    return key is not None and key[0] >> header[8] != 0


def _scaled_key(header: bytes, body: bytes) -> bytes:
    """The key of grey levels below 8 bits, as the decoder compares it: with the levels already scaled."""
    scale = SCALES.get(header[8]) if header[9] == GREY else None
    key = _key(GREY, body)
    return struct.pack(">H", key[0] * scale) if scale and key else body


def _xmp(body: bytes) -> bytes:
    """The packet of an iTXt chunk: a flag, a method, a language and a translation stand before it. What unpacks beyond
    LONGEST_TEXT is cut."""
    head, rest = body[len(XMP) : len(XMP) + 2], body[len(XMP) + 2 :]
    text = rest.partition(b"\0")[2].partition(b"\0")[2]
    if head[:1] != b"\1":
        return text
    try:
        return zlib.decompressobj().decompress(text, LONGEST_TEXT)
    except zlib.error:
        return b""


def _colours(first: dict[bytes, bytes], kind: int) -> NamedColours:
    """By the first of cICP, iCCP, sRGB and gAMA (with cHRM) that can be used."""
    for name in COLOURS:
        colours = READERS[name](first, kind) if name in first and name in READERS else None
        if colours is not None:
            return colours
    return named.SRGB


def _code_points(first: dict[bytes, bytes], kind: int) -> NamedColours | None:
    body = first[b"cICP"]
    return named.of_png_code_points(body[0], body[1]) if len(body) == 4 and not body[2] and body[3] == 1 else None


def _profile(first: dict[bytes, bytes], kind: int) -> NamedColours | None:
    """A profile that fits the file's kind of colours; one that unpacks beyond LONGEST_PROFILE is not read."""
    name, _, packed = first[b"iCCP"].partition(b"\0")
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(packed[1:], LONGEST_PROFILE + 1)
    except zlib.error:
        return None
    if not name or packed[:1] != b"\0" or not unpacker.eof:
        return None
    fitting = (b"GRAY", b"RGB ") if kind in (GREY, GREY_ALPHA) else (b"RGB ",)
    fits = len(profile) <= LONGEST_PROFILE and icc.space_of(profile) in fitting
    return named.of_profile(profile) if fits else None


def _srgb(first: dict[bytes, bytes], kind: int) -> NamedColours | None:
    return named.SRGB if len(first[b"sRGB"]) == 1 else None


def _gamma(first: dict[bytes, bytes], kind: int) -> NamedColours | None:
    body, points = first[b"gAMA"], first.get(b"cHRM", b"")
    if len(body) != 4:
        return None
    return named.of_gamma(int.from_bytes(body, "big"), struct.unpack(">8I", points) if len(points) == 32 else None)


READERS = {b"cICP": _code_points, b"iCCP": _profile, b"sRGB": _srgb, b"gAMA": _gamma}
COLOURS = (*READERS, b"cHRM")
FIRST_READ = (*COLOURS, b"PLTE", b"eXIf", ANIMATION)
