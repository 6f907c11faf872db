"""The colours of CSS (CSS Color 4) in sRGB, as the renderer reads them. What sRGB cannot show is clipped, as browsers
do."""

from functools import cache

import numpy as np
from tinycss2 import color5

from transforms.engine.profiles import cicp, hdr, icc
from transforms.engine.profiles.icc import Curve

D50_TO_D65 = icc.adaptation(icc.D50, icc.xyz(*cicp.D65))
RGB_SPACES = {
    "srgb-linear": cicp.PRIMARIES[cicp.BT709],
    "display-p3": cicp.PRIMARIES[cicp.P3],
    "rec2020": cicp.PRIMARIES[cicp.BT2020],
    "a98-rgb": icc.Primaries((0.64, 0.33), (0.21, 0.71), (0.15, 0.06), cicp.D65),
    "prophoto-rgb": icc.Primaries((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001), (0.3457, 0.3585)),
}
CURVES = {
    "srgb-linear": Curve(1.0),
    "display-p3": cicp.SRGB_CURVE,
    "rec2020": Curve(1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.08145),
    "a98-rgb": Curve(563 / 256),
    "prophoto-rgb": Curve(1.8, c=1 / 16, start=1 / 32),
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
        light = [np.copysign(CURVES[space].light(abs(level or 0)), level or 0) for level in colour.coordinates]
        xyz = _to_xyz(space) @ light
        xyz = D50_TO_D65 @ xyz if space == "prophoto-rgb" else xyz
    elif space in ("lab", "lch", "xyz-d50"):
        xyz = D50_TO_D65 @ np.array(colour.to("xyz-d50").coordinates)
    else:
        xyz = np.array(colour.to("xyz-d65").coordinates)
    return hdr.encoded(np.linalg.inv(_to_xyz("srgb-linear")) @ xyz).tolist()


@cache
def _to_xyz(space: str) -> np.ndarray:
    matrix = RGB_SPACES[space].to_xyz()
    assert matrix is not None  # these primaries span colours
    return matrix
