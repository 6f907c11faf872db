"""Mirrors the picture."""

from collections.abc import Mapping

from PIL import Image

from transforms.engine.limits import Limits
from transforms.engine.picture import Picture

WAYS = {
    "h": Image.Transpose.FLIP_LEFT_RIGHT,
    "v": Image.Transpose.FLIP_TOP_BOTTOM,
    "hv": Image.Transpose.ROTATE_180,
}


def apply(picture: Picture, values: Mapping[str, object], limits: Limits) -> Picture:
    """flip: h swaps left and right, v top and bottom, hv both."""
    if "flip" not in values:
        return picture
    return picture.mapped(lambda frame: frame.transpose(WAYS[values["flip"]]))
