"""Makes the picture lighter or darker."""

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """brightness: every level times the factor, as CSS brightness()."""
    factor = float(values.get("brightness", 1))
    if factor == 1:
        return picture
    return picture.mapped(lambda frame: colour.through_curve(frame, lambda level: level * factor))
