"""Mirrors the picture."""

from PIL import Image

from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

WAYS = {
    "h": Image.Transpose.FLIP_LEFT_RIGHT,
    "v": Image.Transpose.FLIP_TOP_BOTTOM,
    "hv": Image.Transpose.ROTATE_180,
}


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """flip: h swaps left and right, v top and bottom, hv both."""
    if "flip" not in values:
        return picture
    return picture.mapped(lambda frame: frame.transpose(WAYS[values["flip"]]))
