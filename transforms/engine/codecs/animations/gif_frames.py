"""Reads the frames of a GIF block by block and composes them as browsers do; Pillow unpacks each image alone."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from PIL import Image, ImageChops

from transforms.engine.codecs.animations.canvas import Disposal, Part, composed, leaves_clear
from transforms.engine.codecs.cut_files import stored_pixels

EXTENSION, IMAGE = 0x21, 0x2C
# The label and the length of a control block, and how long it is with its terminator.
CONTROL, CONTROL_LENGTH = b"\xf9\x04", 8
# What the control block of a frame says; 4 is what some writers take for 3.
DISPOSALS = {2: Disposal.BACKGROUND, 3: Disposal.PREVIOUS, 4: Disposal.PREVIOUS}
MOST_BITS = 8
HUNDREDTH = 10  # ms


@dataclass(frozen=True)
class Control:
    """The control block of an image: the palette index that is clear, and the duration in ms."""

    disposal: Disposal = Disposal.KEEP
    clear: int | None = None
    duration: int = 0


@dataclass(frozen=True)
class Block:
    """An image as it is stored. `palette` is its own or else the global one, empty where there is none."""

    at: tuple[int, int]
    size: tuple[int, int]
    palette: bytes
    control: Control
    is_interlaced: bool
    bits: int
    data: bytes  # the sub-blocks with their lengths and the terminator


def frames(
    data: bytes, size: tuple[int, int], count: int, check: Callable[[tuple[int, int]], None], cut: bool = False
) -> Iterator[tuple[Image.Image, int]]:
    """The first `count` frames (RGBA, of `size`) and their durations in ms; none after them is unpacked.

    `check` raises for the size of an image that is too large. Raises ValueError for damaged image data; where it
    may be `cut`, the rows that are missing are clear instead.
    """
    return composed(size, (_part(block, check, cut) for block in islice(blocks(data), count)))


def has_alpha(data: bytes, size: tuple[int, int]) -> bool:
    """Whether a frame can leave pixels of the canvas clear; no pixel is unpacked."""
    return any(
        leaves_clear(index, block.size == size and block.control.clear is None, block.control.disposal)
        for index, block in enumerate(blocks(data))
    )


def blocks(data: bytes) -> Iterator[Block]:
    """The images of a GIF in their order, up to the first byte that begins no block, or the end of the file."""
    flags = data[10] if len(data) > 12 else 0
    shared, offset = _palette(data, 13, flags)
    control = Control()
    while offset < len(data):
        if data[offset] == EXTENSION:
            end = _after_sub_blocks(data, offset + 2)
            if data[offset + 1 : offset + 3] == CONTROL and end - offset >= CONTROL_LENGTH:
                control = _control(data, offset + 3)
            offset = end
        elif data[offset] == IMAGE and offset + 10 < len(data):
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, offset + 1)
            palette, offset = _palette(data, offset + 10, flags)
            bits = data[offset] if offset < len(data) else 0
            start, offset = offset + 1, _after_sub_blocks(data, offset + 1)
            is_interlaced = bool(flags & 0x40)
            yield Block(
                (left, top), (width, height), palette or shared, control, is_interlaced, bits, data[start:offset]
            )
            control = Control()
        else:
            return


def _palette(data: bytes, offset: int, flags: int) -> tuple[bytes, int]:
    """The colour table that the flags announce, and what follows it."""
    end = offset + (3 << (flags & 7) + 1 if flags & 0x80 else 0)
    return data[offset:end], end


def _after_sub_blocks(data: bytes, offset: int) -> int:
    """What follows the sub-blocks, each of which begins with its length, and their terminator."""
    end = len(data)
    while offset < end and (length := data[offset]):
        offset += length + 1
    return offset + 1


def _control(data: bytes, offset: int) -> Control:
    flags, hundredths, clear = struct.unpack_from("<BHB", data, offset)
    disposal = DISPOSALS.get(flags >> 2 & 7, Disposal.KEEP)
    return Control(disposal, clear if flags & 1 else None, hundredths * HUNDREDTH)


def _part(block: Block, check: Callable[[tuple[int, int]], None], cut: bool) -> Part:
    check(block.size)
    is_over = block.control.clear is not None or cut
    return Part(_unpacked(block, cut), block.at, block.control.duration, block.control.disposal, over=is_over)


def _unpacked(block: Block, cut: bool) -> Image.Image:
    """The image in RGBA. An index beyond the palette is black, as is everything without a palette."""
    if 0 in block.size:
        return Image.new("RGBA", block.size)
    if not 0 < block.bits <= MOST_BITS:
        raise ValueError("an image of a GIF has no such depth")
    stored = None
    if cut:
        image, stored = stored_pixels.gif_image(block.size, block.data, block.bits, block.is_interlaced)
    else:
        image = Image.frombytes("P", block.size, block.data, "gif", block.bits, block.is_interlaced)
    colours = block.palette.ljust(3 << MOST_BITS, b"\0")
    levels = bytearray(b"\0\0\0\xff") * (1 << MOST_BITS)
    for channel in range(3):
        levels[channel::4] = colours[channel::3]
    if block.control.clear is not None:
        levels[4 * block.control.clear : 4 * block.control.clear + 4] = bytes(4)
    image.putpalette(bytes(levels), "RGBA")
    image = image.convert("RGBA")
    if stored:
        image.putalpha(ImageChops.darker(image.getchannel("A"), stored))
    return image
