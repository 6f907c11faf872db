"""Draws the parts of an animation on a clear canvas, one over another, and disposes of each as it says."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from PIL import Image

CLEAR = (0, 0, 0, 0)


class Disposal(Enum):
    """What becomes of a part before the next one is drawn."""

    KEEP = "keep"
    BACKGROUND = "background"
    PREVIOUS = "previous"


@dataclass(frozen=True)
class Part:
    """What one frame draws: an RGBA image, where its top left corner stands, and for how many ms it is shown.

    `over` blends with what is there; without it the image replaces that, its clear pixels included.
    """

    image: Image.Image
    at: tuple[int, int]
    duration: int
    disposal: Disposal = Disposal.KEEP
    over: bool = True


def composed(size: tuple[int, int], parts: Iterable[Part]) -> Iterator[tuple[Image.Image, int]]:
    """Every frame (RGBA, of `size`) with its duration. What lies outside the canvas is cut off.

    The background is clear, whatever colour a file names, and a first frame of "previous" leaves nothing.
    """
    canvas = Image.new("RGBA", size)
    for part in parts:
        box = _within(size, part)
        before = canvas.copy() if part.disposal is Disposal.PREVIOUS else None
        if box:
            _draw(canvas, part, box)
        yield canvas.copy(), part.duration
        if before:
            canvas = before
        elif box and part.disposal is Disposal.BACKGROUND:
            canvas.paste(CLEAR, box)


def leaves_clear(index: int, covers: bool, disposal: Disposal) -> bool:
    """Whether pixels may be clear once a frame is disposed of; `covers` says that it is opaque and fills the canvas."""
    return disposal is Disposal.BACKGROUND or (index == 0 and (not covers or disposal is Disposal.PREVIOUS))


def _within(size: tuple[int, int], part: Part) -> tuple[int, int, int, int] | None:
    """The box of the part on the canvas; None where no pixel of it lies there."""
    right, bottom = (min(side, start + own) for side, start, own in zip(size, part.at, part.image.size, strict=True))
    return (*part.at, right, bottom) if right > part.at[0] and bottom > part.at[1] else None


def _draw(canvas: Image.Image, part: Part, box: tuple[int, int, int, int]) -> None:
    seen = (box[2] - box[0], box[3] - box[1])
    image = part.image if part.image.size == seen else part.image.crop((0, 0, *seen))
    if part.over:
        canvas.alpha_composite(image, part.at)
    else:
        canvas.paste(image, box)
