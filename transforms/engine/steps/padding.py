"""Adds a margin around the finished picture."""

from transforms.engine import geometry
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.steps import canvas


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """padding: pixels on each side, outside the box, transparent until the background step."""
    margin = int(values.get("padding", 0))
    if margin == 0:
        return picture
    size = (picture.size[0] + 2 * margin, picture.size[1] + 2 * margin)
    geometry.check_output(size, len(picture.frames), limits)
    return picture.mapped(lambda frame: canvas.laid(frame, size, (margin, margin)), nominal=size)
