"""Sharpens edges."""

from PIL import ImageFilter

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

RADIUS = 1.0
PERCENT_PER_UNIT = 50


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """sharpen: an unsharp mask of sigma 1 at half the strength per unit (2 adds the whole difference)."""
    amount = float(values.get("sharpen", 0))
    if amount == 0:
        return picture
    mask = ImageFilter.UnsharpMask(RADIUS, max(1, round(amount * PERCENT_PER_UNIT)), 0)
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: plain.filter(mask)))
