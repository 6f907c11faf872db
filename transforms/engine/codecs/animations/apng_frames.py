"""Reads the frames of an APNG chunk by chunk and composes them as browsers do; each is decoded as a PNG of its own."""

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice

from PIL import Image

from transforms.engine.codecs.animations.canvas import Disposal, Part, composed, leaves_clear
from transforms.engine.containers import png
from transforms.engine.containers.sniffing import PNG_MAGIC

DISPOSALS = (Disposal.KEEP, Disposal.BACKGROUND, Disposal.PREVIOUS)
BLENDS = (0, 1)
MOST_FRAMES = 2**31 - 1
CONTROL_LENGTH, ANIMATION_LENGTH, HEADER_LENGTH = 26, 8, 13
# What each frame needs of the chunks before the pixels, unless it is too long to be what it says.
SHARED = {b"PLTE", b"tRNS", b"sBIT"}
SHARED_LENGTH = 1_000_000


@dataclass
class Stored:
    """A frame as it is stored: its control chunk, and where the pieces of its compressed pixels stand."""

    size: tuple[int, int]
    at: tuple[int, int]
    delay: Fraction  # ms
    disposal: Disposal
    over: bool
    pieces: list[slice] = field(default_factory=list)


def frames(
    data: bytes, size: tuple[int, int], count: int, decoded: Callable[[bytes], Image.Image]
) -> Iterator[tuple[Image.Image, int]]:
    """The first `count` frames (RGBA, of `size`) and their durations in ms; none after them is decoded.

    `decoded` gives the pixels of a PNG of one frame. Durations are rounded so that their sum is not.
    """
    return composed(size, _parts(data, count, decoded))


def count(data: bytes) -> int:
    """How many frames are stored, of those that the animation says it has; 0 when the PNG is no animation."""
    return sum(1 for _ in stored(data))


def has_alpha(data: bytes, size: tuple[int, int]) -> bool:
    """Whether a frame can leave pixels of the canvas clear, opaque as it may be; no pixel is decoded."""
    return any(leaves_clear(index, frame.size == size, frame.disposal) for index, frame in enumerate(stored(data)))


def stored(data: bytes) -> Iterator[Stored]:
    """The frames in their order, up to the first that is not as the specification wants it.

    A frame without pixels is left out. The default image is a frame only if a control chunk precedes it.
    """
    declared = number = found = 0
    frame, has_pixels = None, False
    for name, body in _chunks(data):
        if name == b"acTL":
            declared = declared or _declared(data, body)
        elif name == b"IDAT":
            if not declared:
                return
            has_pixels = True
            if frame:
                frame.pieces.append(body)
        elif name in (b"fcTL", b"fdAT"):
            in_order = int.from_bytes(data[body.start : body.start + 4], "big") == number
            number += 1
            if name == b"fcTL":
                if frame and frame.pieces:
                    yield frame
                    found += 1
                is_wanted = in_order and (found < declared or not has_pixels)
                frame = _control(data, body) if is_wanted else None
            elif frame and in_order:
                frame.pieces.append(slice(body.start + 4, body.stop))
            if not in_order or (name == b"fcTL" and not frame):
                return
    if frame and frame.pieces:
        yield frame


def _declared(data: bytes, body: slice) -> int:
    """The number of frames that an animation says it has; 0 where the chunk is damaged."""
    if body.stop - body.start != ANIMATION_LENGTH or not _is_intact(data, body):
        return 0
    frames = struct.unpack_from(">I", data, body.start)[0]
    return frames if frames <= MOST_FRAMES else 0


def _chunks(data: bytes) -> Iterator[tuple[bytes, slice]]:
    """The name and the body of each whole chunk before IEND."""
    offset, size, header = len(PNG_MAGIC), len(data), struct.Struct(">I4s").unpack_from
    while offset + 12 <= size:
        length, name = header(data, offset)
        start = offset + 8
        offset = start + length + 4
        if name == b"IEND" or offset > size:
            return
        yield name, slice(start, start + length)


def _control(data: bytes, body: slice) -> Stored | None:
    """What a control chunk says; None for one that is damaged or names what is not defined."""
    if body.stop - body.start != CONTROL_LENGTH or not _is_intact(data, body):
        return None
    _, width, height, left, top, share, whole, dispose, blend = struct.unpack_from(">5IHHBB", data, body.start)
    screen_width, screen_height = struct.unpack_from(">II", data, len(PNG_MAGIC) + 8)
    if not (width and height and left + width <= screen_width and top + height <= screen_height):
        return None
    if dispose >= len(DISPOSALS) or blend not in BLENDS:
        return None
    return Stored((width, height), (left, top), Fraction(1000 * share, whole or 100), DISPOSALS[dispose], bool(blend))


def _is_intact(data: bytes, body: slice) -> bool:
    return data[body.stop : body.stop + 4] == struct.pack(">I", zlib.crc32(data[body.start - 4 : body.stop]))


def _parts(data: bytes, most: int, decoded: Callable[[bytes], Image.Image]) -> Iterator[Part]:
    head = _head(data)
    until = Fraction(0)
    for frame in islice(stored(data), most):
        image = decoded(_png(data, head, frame))
        duration = round(until + frame.delay) - round(until)
        until += frame.delay
        yield Part(image.convert("RGBA"), frame.at, duration, frame.disposal, frame.over and image.mode == "RGBA")


def _head(data: bytes) -> bytes:
    """The chunks before the pixels that hold for every frame, one of each."""
    seen: dict[bytes, bytes] = {}
    for name, body in _chunks(data):
        if name == b"IDAT":
            break
        if name in SHARED and body.stop - body.start <= SHARED_LENGTH:
            seen.setdefault(name, data[body.start - 8 : body.stop + 4])
    return b"".join(seen.values())


def _png(data: bytes, head: bytes, frame: Stored) -> bytes:
    """The frame as a PNG of its own, with the depth and the colours of the whole."""
    start = len(PNG_MAGIC) + 8
    header = struct.pack(">II", *frame.size) + data[start + 8 : start + HEADER_LENGTH]
    pixels = b"".join(data[piece] for piece in frame.pieces)
    return PNG_MAGIC + png.written(b"IHDR", header) + head + png.written(b"IDAT", pixels) + png.IEND
