"""Blurs the picture."""

from PIL import Image, ImageFilter

from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """blur: the sigma of a Gaussian, in pixels of the result."""
    if "blur" not in values:
        return picture
    return picture.mapped(lambda frame: _blurred(frame, float(values["blur"])))


def _blurred(frame: Image.Image, sigma: float) -> Image.Image:
    """Premultiplied, so that colours of transparent pixels do not bleed."""
    source = frame.convert("RGBa") if frame.mode == "RGBA" else frame
    return source.filter(ImageFilter.GaussianBlur(sigma)).convert(frame.mode)
