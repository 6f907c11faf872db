"""The colours of CSS (CSS Color 4) in sRGB, as the renderer reads them. What sRGB cannot show is clipped, as browsers
do."""

from collections.abc import Callable
from functools import cache

import numpy as np
from tinycss2 import color5

from transforms.engine.profiles import cicp, icc

D65 = np.array((0.95045593, 1.0, 1.08905775))
D50_TO_D65 = np.linalg.inv(icc.BRADFORD) @ np.diag((icc.BRADFORD @ D65) / (icc.BRADFORD @ icc.D50)) @ icc.BRADFORD
RGB_SPACES = {
    "srgb-linear": cicp.PRIMARIES[cicp.BT709],
    "display-p3": cicp.PRIMARIES[cicp.P3],
    "rec2020": cicp.PRIMARIES[cicp.BT2020],
    "a98-rgb": icc.Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), cicp.D65),
    "prophoto-rgb": icc.Primaries((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585)),
}


def _srgb_light(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4


LIGHT: dict[str, Callable[[float], float]] = {
    "srgb-linear": lambda level: level,
    "display-p3": _srgb_light,
    "rec2020": lambda level: level / 4.5 if level < 0.08145 else ((level + 0.0993) / 1.0993) ** (1 / 0.45),
    "a98-rgb": lambda level: level ** (563 / 256),
    "prophoto-rgb": lambda level: level**1.8 if level >= 1 / 32 else level / 16,
}


def to_rgba(text: str) -> str:
    """A colour function as `rgba(…)`; empty where it is none that is known."""
    try:
        colour = color5.parse_color(text)
        if colour is None or colour == "currentcolor":
            return ""
        levels = _srgb(colour)
    except (AttributeError, NotImplementedError, TypeError, ValueError, OverflowError):
        return ""
    return f"rgba({','.join(str(round(255 * min(1.0, max(0.0, level)))) for level in levels)},{colour.alpha:g})"


def _srgb(colour: color5.Color) -> list[float]:
    space = colour.space
    if space in ("srgb", "hsl", "hwb"):
        return list(colour.to("srgb").coordinates)
    if space in RGB_SPACES:
        light = [np.copysign(LIGHT[space](abs(level or 0)), level or 0) for level in colour.coordinates]
        xyz = _to_xyz(space) @ light
        xyz = D50_TO_D65 @ xyz if space == "prophoto-rgb" else xyz
    elif space in ("lab", "lch", "xyz-d50"):
        xyz = D50_TO_D65 @ np.array(colour.to("xyz-d50").coordinates)
    else:
        xyz = np.array(colour.to("xyz-d65").coordinates)
    levels = np.linalg.inv(_to_xyz("srgb-linear")) @ xyz
    return [level * 12.92 if level <= 0.0031308 else 1.055 * level ** (1 / 2.4) - 0.055 for level in levels.tolist()]


@cache
def _to_xyz(space: str) -> np.ndarray:
    matrix = RGB_SPACES[space].to_xyz()
    assert matrix is not None  # these primaries span colours
    return matrix
