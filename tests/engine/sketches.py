"""Small frames as letters, to be read and compared at a glance."""

from PIL import Image

from transforms.engine.codecs import decode
from transforms.engine.limits import Limits

LETTERS = {
    (0, 0, 0, 0): ".",
    (255, 0, 0, 255): "R",
    (0, 0, 255, 255): "B",
    (0, 255, 0, 255): "G",
    (255, 255, 0, 255): "Y",
    (0, 0, 0, 255): "K",
    (255, 255, 255, 255): "W",
    (255, 0, 0, 128): "r",
    (128, 0, 127, 255): "m",
}


def sketch(frame: Image.Image, step: int = 4, start: tuple[int, int] = (2, 2)) -> str:
    """A letter for every pixel of a grid, row by row; half clear red is "r", red over blue "m"."""
    rgba = frame.convert("RGBA")
    columns, rows = (range(first, side, step) for first, side in zip(start, rgba.size, strict=True))
    return " ".join("".join(LETTERS[rgba.getpixel((x, y))] for x in columns) for y in rows)


def shown(data: bytes) -> list[str]:
    """A sketch of each frame as the engine decodes it."""
    return [sketch(frame) for frame in decode.open_picture(data, Limits(), animated=True).frames]
