"""Tints the picture in shades of one colour."""

from PIL import Image, ImageOps

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """tint: black stays black, white white, middle grey becomes the colour; its alpha is the strength."""
    if "tint" not in values:
        return picture
    tint = colour.hex_to_rgba(values["tint"])
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: _tinted(plain, tint)))


def _tinted(plain: Image.Image, tint: tuple[int, int, int, int]) -> Image.Image:
    shades = ImageOps.colorize(plain.convert("L"), (0, 0, 0), (255, 255, 255), mid=tint[:3])
    return shades if tint[3] == 255 else Image.blend(plain, shades, tint[3] / 255)
