"""Gamma correction: changes the midtones, not black and white."""

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """gamma: above 1 lightens the middle, below 1 darkens it (level to the power of 1/gamma)."""
    gamma = float(values.get("gamma", 1))
    if gamma == 1:
        return picture
    return picture.mapped(lambda frame: colour.through_curve(frame, lambda level: 255 * (level / 255) ** (1 / gamma)))
