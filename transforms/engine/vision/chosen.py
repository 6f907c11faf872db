"""Draws the crop that fit=cover chose, and the reason: debug=crop."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from transforms.engine import resampling
from transforms.engine.vision.attention import CropChoice

DIMMED = 0.35
LINE, SHADOW, WORDS = (255, 214, 0), (0, 0, 0), (255, 255, 255)
FACE = (0, 230, 255)
HEAT, HEAT_STRENGTH = (255, 0, 80), 0.7
LEAST_LETTERS, MOST_LETTERS = 10, 20

Box = tuple[int, int, int, int]


def draw(frame: Image.Image, box: Box, choice: CropChoice) -> Image.Image:
    """The whole frame with everything outside `box` dimmed, a line around `box`, a heat map of the weights, faces
    in boxes, and the reason."""
    picture = frame.convert("RGBA")
    if choice.weights is not None:
        picture = Image.composite(
            Image.new("RGBA", picture.size, (*HEAT, 255)), picture, _heat(choice.weights, picture.size)
        )
    dark = Image.new("RGBA", picture.size, (*SHADOW, 255))
    dimmed = Image.blend(dark, picture, DIMMED)
    dimmed.paste(picture.crop(box), box)
    pen = ImageDraw.Draw(dimmed)
    right, bottom = box[2] - 1, box[3] - 1
    pen.rectangle((box[0], box[1], right, bottom), outline=SHADOW, width=3)
    pen.rectangle((box[0], box[1], right, bottom), outline=LINE, width=2)
    for face in choice.faces:
        pen.rectangle(_in_pixels(face, dimmed.size), outline=FACE, width=2)
    _say(pen, dimmed.size, choice.reason)
    return dimmed.convert(frame.mode)


def _in_pixels(box: tuple[float, float, float, float], size: tuple[int, int]) -> tuple[float, ...]:
    """A box in shares of the frame as its corners in pixels."""
    return tuple(share * side for share, side in zip(box, size * 2, strict=True))


def _heat(weights: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """The weights as a mask of `size` (a heat map)."""
    relative = weights / max(float(weights.max()), 1e-6)
    mask = Image.fromarray((relative * HEAT_STRENGTH * 255).astype(np.uint8))
    return resampling.resized(mask, size, Image.Resampling.BILINEAR)


def _say(pen: ImageDraw.ImageDraw, size: tuple[int, int], text: str) -> None:
    """Draw the text on a strip along the lower edge, wrapped into as many lines as it needs."""
    font_size = max(LEAST_LETTERS, min(MOST_LETTERS, size[0] // 30))
    font = ImageFont.load_default(font_size)
    lines = wrap(text, lambda line: pen.textlength(line, font) <= size[0] - font_size)
    height = round(1.4 * font_size)
    top = size[1] - height * len(lines)
    pen.rectangle((0, top, size[0], size[1]), fill=SHADOW)
    for index, line in enumerate(lines):
        pen.text((font_size // 2, top + index * height + height // 8), line, fill=WORDS, font=font)


def wrap(text: str, fits: Callable[[str], bool]) -> list[str]:
    """A text wrapped at its spaces into lines that `fits` accepts; one word that does not fit has a line of its own."""
    wrapped = [""]
    for word in text.split():
        candidate = f"{wrapped[-1]} {word}".strip()
        if fits(candidate) or not wrapped[-1]:
            wrapped[-1] = candidate
        else:
            wrapped.append(word)
    return wrapped
