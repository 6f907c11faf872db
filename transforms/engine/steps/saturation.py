"""Changes the saturation."""

from collections.abc import Mapping

from PIL import ImageEnhance

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture


def apply(picture: Picture, values: Mapping[str, object], limits: Limits) -> Picture:
    """saturation: 0 is grey, 1 as it is, above 1 stronger."""
    factor = float(values.get("saturation", 1))
    if factor == 1:
        return picture
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: _saturated(plain, factor)))


def _saturated(plain, factor: float):
    return ImageEnhance.Color(plain).enhance(factor)
