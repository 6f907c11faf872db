"""Removes all colour."""

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """grayscale: the luma of each pixel (ITU-R 601) in all three channels."""
    if not values.get("grayscale", False):
        return picture
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: plain.convert("L").convert("RGB")))
