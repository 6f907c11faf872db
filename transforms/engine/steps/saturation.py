"""Changes the saturation."""

from PIL import Image, ImageEnhance

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """saturation: 0 is grey, 1 as it is, above 1 stronger."""
    factor = float(values.get("saturation", 1))
    if factor == 1:
        return picture
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: _saturated(plain, factor)))


def _saturated(plain: Image.Image, factor: float) -> Image.Image:
    return ImageEnhance.Color(plain).enhance(factor)
