"""Changes the contrast around middle grey."""

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

MIDDLE = 127.5


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """contrast: the distance from middle grey times the factor, as CSS contrast()."""
    factor = float(values.get("contrast", 1))
    if factor == 1:
        return picture
    return picture.mapped(lambda frame: colour.through_curve(frame, lambda level: (level - MIDDLE) * factor + MIDDLE))
