"""Writes an animated GIF block by block; Pillow compresses each image alone."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from PIL import Image, ImageChops

from transforms.engine import colour
from transforms.engine.codecs.animations import gif_frames, gif_times

Box = tuple[int, int, int, int]
KEEP, TO_BACKGROUND = 1, 2
# The box of a frame in which there is nothing to see; an image has at least one pixel.
NOTHING = (0, 0, 1, 1)


@dataclass(frozen=True)
class Frame:
    """A frame as large as the screen, in palette indices (`info["transparency"]` is the clear one), and how long it is
    shown, in hundredths of a second."""

    image: Image.Image
    hundredths: int


def written(frames: Sequence[Frame], plays: int) -> bytes:
    """The bytes of a GIF that plays so often, 0 for ever. A frame that looks as the one before lengthens that.

    Opaque frames are stored where they differ from the one before; where any is clear, each begins on a clear canvas.
    """
    is_clear = any("transparency" in frame.image.info for frame in frames)
    stored = list(_on_clear_canvas(frames) if is_clear else _over_one_another(frames))
    shared = _palette(stored[0][0].image)
    blocks = [b"GIF89a", struct.pack("<HHBBB", *frames[0].image.size, _table_flags(shared), 0, 0), shared]
    if len(stored) > 1 and plays != 1:
        # The file counts repetitions after the first run, 0 for ever.
        blocks.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", max(0, plays - 1)) + b"\0")
    disposal = TO_BACKGROUND if is_clear else KEEP
    for frame, box in stored:
        image = frame.image.crop(box)
        for hundredths in gif_times.pieces(frame.hundredths):
            blocks.append(_block(image, box, disposal, hundredths, shared))
    return b"".join([*blocks, b";"])


def _on_clear_canvas(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Box]]:
    """The frames and the boxes of what is not clear in them."""
    for frame, look in _unlike(frames, "RGBA"):
        yield frame, look.getchannel("A").getbbox() or NOTHING


def _over_one_another(frames: Sequence[Frame]) -> Iterator[tuple[Frame, Box]]:
    """The frames and the boxes in which each differs from the one before, of the first all of it."""
    canvas = None
    for frame, look in _unlike(frames, "RGB"):
        box = _difference(canvas, look) if canvas else (0, 0, *look.size)
        assert box is not None  # `_unlike` yields no two in a row that look alike
        yield frame, box
        canvas = look


def _unlike(frames: Sequence[Frame], mode: str) -> Iterator[tuple[Frame, Image.Image]]:
    """The frames, each with its look in `mode`; those that look alike and follow one another are one."""
    first, *rest = frames
    held, held_look = first, _look(first, mode)
    for frame in rest:
        look = _look(frame, mode)
        if _difference(held_look, look):
            yield held, held_look
            held, held_look = frame, look
        else:
            held = Frame(held.image, held.hundredths + frame.hundredths)
    yield held, held_look


def _look(frame: Frame, mode: str) -> Image.Image:
    # A copy, because converting what has a clear index changes its palette.
    return frame.image.copy().convert(mode)


def _difference(one: Image.Image, other: Image.Image) -> Box | None:
    return ImageChops.difference(one, other).getbbox(alpha_only=False)


def _block(image: Image.Image, box: Box, disposal: int, hundredths: int, shared: bytes) -> bytes:
    """The control block and the image, with a palette of its own where the shared one is another."""
    clear = image.info.get("transparency")
    control = struct.pack("<BHB", disposal << 2 | (clear is not None), hundredths, clear or 0)
    palette = _palette(image)
    flags, table = (0, b"") if palette == shared else (_table_flags(palette), palette)
    place = struct.pack("<HHHHB", *box[:2], *image.size, flags)
    return b"\x21\xf9\x04" + control + b"\0\x2c" + place + table + _compressed(image)


def _palette(image: Image.Image) -> bytes:
    """The colour table, filled up to a power of two."""
    colours = colour.palette_of(image).tobytes()
    return colours.ljust(3 << max(1, (len(colours) // 3 - 1).bit_length()), b"\0")


def _table_flags(palette: bytes) -> int:
    return 0x80 | (len(palette) // 3).bit_length() - 2


def _compressed(image: Image.Image) -> bytes:
    """The image data with its depth, out of a GIF of this image alone."""
    buffer = BytesIO()
    image.save(buffer, "GIF", optimize=False, interlace=0)
    (block,) = gif_frames.blocks(buffer.getvalue())
    return bytes([block.bits]) + block.data
