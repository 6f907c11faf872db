"""Rotates the hue of all colours."""

import math

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

# Luma weights, and the factors of the sine for each output channel: the W3C filter effects' hueRotate matrix.
LUMA = (0.213, 0.715, 0.072)
SINES = ((-0.213, -0.715, 0.928), (0.143, 0.140, -0.283), (-0.787, 0.715, 0.072))


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """hue: degrees, as CSS hue-rotate()."""
    degrees = float(values.get("hue", 0)) % 360
    if degrees == 0:
        return picture
    matrix = _matrix(degrees)
    return picture.mapped(lambda frame: colour.on_colours(frame, lambda plain: plain.convert("RGB", matrix)))


def _matrix(degrees: float) -> tuple[float, ...]:
    """Three rows of four: the weights of red, green and blue, and no offset."""
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    rows = []
    for out in range(3):
        for source in range(3):
            identity = 1.0 if out == source else 0.0
            rows.append(LUMA[source] + cosine * (identity - LUMA[source]) + sine * SINES[out][source])
        rows.append(0.0)
    return tuple(rows)
