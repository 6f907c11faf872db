"""The values of a picture's parameters, by their long-lived names, as the table's readers make them."""

from collections.abc import Collection, Mapping
from typing import Any, TypedDict, cast

Point = tuple[float, float]  # 0 to 1, from the left and the top
Crop = tuple[str, float, float, float, float]  # "px" or "fr" (a fraction of the side), then x, y, width and height

PictureValues = TypedDict(
    "PictureValues",
    {
        "v": str,
        "w": int,
        "h": int,
        "dpr": float,
        "fit": str,
        "enlarge": bool,
        "position": str | Point,
        "focal": Point,  # the focal point of the upright source; no parameter
        "crop": Crop,
        "trim": int,
        "rotate": int,
        "flip": str,
        "background": str,
        "padding": int,
        "radius": int | str,
        "blur": float,
        "sharpen": float,
        "brightness": float,
        "contrast": float,
        "saturation": float,
        "gamma": float,
        "hue": float,
        "grayscale": bool,
        "tint": str,
        "mark": bool,  # whether there is one; no parameter of this type
        "mark-position": str | Point,
        "mark-w": int | float,  # pixels, or a share of the picture's width
        "mark-padding": int,
        "mark-opacity": float,
        "background-remove": bool,
        "quality": int | str,
        "lossless": bool,
        "max-bytes": int,
        "metadata": str,
        "profile": str,
        "truncated": str,
        "animated": bool,
        "debug": str,
        "type": str,
        "cols": int,
        "gap": int,
        "blurhash": str,
        "punch": float,
        "color": str,
    },
    total=False,
)


def of(values: Mapping[str, Any]) -> PictureValues:
    """Values whose names and types the table of parameters has made sure of."""
    return cast(PictureValues, values)


def without(values: PictureValues, names: Collection[str]) -> PictureValues:
    """A copy without the values of some names."""
    return of({name: value for name, value in values.items() if name not in names})
