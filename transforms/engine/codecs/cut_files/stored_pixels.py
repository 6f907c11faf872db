"""Which pixels are stored of a PNG and of a GIF's image that end too early, and a JPEG with its end."""

import math
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile

from transforms.engine.containers import png
from transforms.engine.containers.jpeg_markers import Layout
from transforms.engine.errors import EngineError

WARNING = "The file is cut off: what is missing of the picture is empty."
JPEG_END = b"\xff\xd9"
# (first column, first row, columns apart, rows apart) of each pass of an interlaced PNG, and of one that is not.
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
IN_ORDER = ((0, 0, 1, 1),)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PIECE = 1_000_000  # bytes that are unpacked at once to be counted, and packed ones that are given at once


@dataclass(frozen=True)
class Unpacked:
    """What compressed bytes come to: how many bytes (`count`) and their Adler-32 (`checksum`), of how many packed ones
    (`read`), and whether their end is there."""

    count: int
    checksum: int
    read: int
    is_ended: bool


def jpeg(data: bytes, layout: Layout) -> bytes:
    """A JPEG with its end, where its first scan has begun. The decoder fills what is missing with grey. Raises
    broken_image."""
    if not layout.scans:
        raise EngineError("broken_image", "The picture ends too early: none of its pixels are there.")
    return data.rstrip(b"\xff") + JPEG_END


@contextmanager
def decoding_parts() -> Iterator[None]:
    """Pillow's decoders end in silence where a file does."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = True
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def png_pixels(data: bytes) -> Image.Image | None:
    """Which pixels of a PNG are stored (L, 255 where they are); None where its pixels are damaged, or none is."""
    bodies = {name: [chunk.body for chunk in png.chunks(data) if chunk.name == name] for name in (b"IHDR", b"IDAT")}
    width, height = struct.unpack_from(">II", bodies[b"IHDR"][0])
    passes = _passes(bodies[b"IHDR"][0])
    length = sum(stride * rows for _, _, rows, stride in passes)
    unpacked = _unpacked(bodies[b"IDAT"], length)
    stored = min(unpacked.count, length) if unpacked else 0
    mask = np.zeros((height, width), np.uint8)
    for (left, top, across, down), _, rows, stride in passes:
        drawn = min(rows, stored // stride)
        mask[top : top + drawn * down : down, left::across] = 255
        stored = max(0, stored - stride * rows)
    return Image.fromarray(mask) if mask.any() else None


def png_with_checksum(data: bytes) -> Image.Image | None:
    """A PNG whose pixels are whole but for the checksum behind them, decoded; None where they are not, or where the
    checksums of their chunks say as well that they are damaged."""
    parts = list(png.chunks(data))
    if not all(chunk.is_sound for chunk in parts if chunk.name == b"IDAT"):
        return None
    stream = b"".join(chunk.body for chunk in parts if chunk.name == b"IDAT")
    length = sum(stride * rows for _, _, rows, stride in _passes(parts[0].body))
    unpacked = _unpacked([memoryview(stream)[2:]], length + PIECE, -zlib.MAX_WBITS)
    if unpacked is None or not unpacked.is_ended or unpacked.count < length:
        return None
    pixels = png.written(b"IDAT", stream[: 2 + unpacked.read] + struct.pack(">I", unpacked.checksum))
    others = [chunk.raw for chunk in parts if chunk.name not in (b"IDAT", b"IEND")]
    image = Image.open(BytesIO(b"".join((png.PNG_MAGIC, *others, pixels, png.IEND))), formats=["PNG"])
    image.load()
    return image


def _passes(header: bytes) -> list[tuple[tuple[int, int, int, int], int, int, int]]:
    """The passes of a PNG that have pixels: their steps, columns and rows, and the bytes of a row."""
    width, height, bits, kind, _, _, interlace = struct.unpack(">IIBBBBB", header)
    sizes = [
        (step, math.ceil((width - step[0]) / step[2]), math.ceil((height - step[1]) / step[3]))
        for step in (ADAM7 if interlace else IN_ORDER)
    ]
    return [
        (step, columns, rows, 1 + math.ceil(columns * CHANNELS[kind] * bits / 8))
        for step, columns, rows in sizes
        if columns > 0 and rows > 0
    ]


def _unpacked(bodies: Sequence[bytes | memoryview], most: int, window: int = zlib.MAX_WBITS) -> Unpacked | None:
    """What the bodies of chunks unpack to, up to the piece in which they come to `most` bytes; None where they are
    damaged. `window` is zlib's wbits."""
    unpacker, count, checksum, read = zlib.decompressobj(window), 0, 1, 0
    # What the unpacker does not take of a piece it copies, each time: so it is given little.
    for piece in (body[start : start + PIECE] for body in bodies for start in range(0, len(body), PIECE)):
        rest: bytes | memoryview = piece
        is_left = True
        while is_left and count < most and not unpacker.eof:
            try:
                unpacked = unpacker.decompress(rest, PIECE)
            except zlib.error:
                return None
            count, checksum, rest = count + len(unpacked), zlib.adler32(unpacked, checksum), unpacker.unconsumed_tail
            is_left = bool(rest) or len(unpacked) == PIECE
        read += len(piece) - len(unpacker.unused_data if unpacker.eof else rest)
        if unpacker.eof or count >= most:
            break
    return Unpacked(count, checksum, read, unpacker.eof)


def gif_image(size: tuple[int, int], data: bytes, bits: int, interlaced: bool) -> tuple[Image.Image, Image.Image]:
    """The rows of an image of a GIF that are stored, in palette indices, and which pixels that are (L, 255)."""
    one, other = (_decoded(Image.new("P", size, fill), data, bits, interlaced) for fill in (0, 255))
    is_stored = np.asarray(one) == np.asarray(other)
    return one, Image.fromarray(np.where(is_stored, 255, 0).astype(np.uint8))


def _decoded(image: Image.Image, data: bytes, bits: int, interlaced: bool) -> Image.Image:
    decoder = Image._getdecoder("P", "gif", (bits, interlaced))
    decoder.setimage(image.im, (0, 0, *image.size))
    decoder.decode(data)
    return image
