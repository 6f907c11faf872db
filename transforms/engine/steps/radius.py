"""Rounds the corners."""

import numpy as np
from PIL import Image, ImageChops

from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """radius: pixels, at most half the shorter side; max makes a circle or a pill."""
    requested = values.get("radius", 0)
    half = min(picture.size) // 2
    radius = half if requested == "max" else min(int(requested), half)
    if radius == 0:
        return picture
    mask = _mask(picture.size, radius)
    return picture.mapped(lambda frame: _masked(frame, mask))


def _mask(size: tuple[int, int], radius: int) -> Image.Image:
    """White inside, black outside, antialiased by the share of each edge pixel inside the arc."""
    offsets = (radius - np.arange(radius, dtype=np.float32) - 0.5) ** 2
    distance = np.sqrt(offsets[:, None] + offsets[None, :])
    corner = Image.fromarray((np.clip(radius - distance + 0.5, 0, 1) * 255).round().astype(np.uint8))
    mask = Image.new("L", size, 255)
    right, bottom = size[0] - radius, size[1] - radius
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_LEFT_RIGHT), (right, 0))
    mask.paste(corner.transpose(Image.Transpose.FLIP_TOP_BOTTOM), (0, bottom))
    mask.paste(corner.transpose(Image.Transpose.ROTATE_180), (right, bottom))
    return mask


def _masked(frame: Image.Image, mask: Image.Image) -> Image.Image:
    rgba = frame.convert("RGBA")
    rgba.putalpha(ImageChops.multiply(rgba.getchannel("A"), mask))
    return rgba
