"""The size of a drawing, as browsers take it for an `<img>`."""

import math
import re

import tinycss2

DEFAULT = (300.0, 150.0)
# Pixels in a unit (CSS Values, 6.2); em and ex by the usual size of fonts.
UNITS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "in": 96.0,
    "cm": 96 / 2.54,
    "mm": 9.6 / 2.54,
    "q": 2.4 / 2.54,
    "em": 16.0,
    "rem": 16.0,
    "ex": 8.0,
    "ch": 8.0,
}
NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
LENGTH = re.compile(rf"\s*({NUMBER})([A-Za-z%]*)\s*")
SEPARATOR = r"(?:\s*,\s*|\s+)"
VIEW_BOX = re.compile(rf"\s*({NUMBER}){SEPARATOR}({NUMBER}){SEPARATOR}({NUMBER}){SEPARATOR}({NUMBER})\s*")
ViewBox = tuple[float, float, float, float]


def natural(attributes: dict[str, str]) -> tuple[float, float]:
    """Width and height in pixels of a root with these attributes, whatever its style says. A missing side follows from
    the shape of the view box; without any, browsers take 300 x 150. A shape too flat or too narrow for a number has
    none."""
    width, height = length(attributes.get("width", "")), length(attributes.get("height", ""))
    box = view_box(attributes)
    shape = box[2] / box[3] if box else None
    if width is not None and height is not None:
        return width, height
    if width is not None:
        return width, width / shape if shape else DEFAULT[1]
    if height is not None:
        return height * shape if shape else DEFAULT[0], height
    if shape is None:
        return DEFAULT
    scale = min(DEFAULT[0] / shape, DEFAULT[1]) if shape else 0.0
    return scale * shape, scale


def length(text: str) -> float | None:
    """A length in pixels; None for none, a share, a negative one or what is no length."""
    match = LENGTH.fullmatch(text)
    unit = UNITS.get(match[2].lower()) if match else None
    if match is None or unit is None:
        return None
    pixels = float(match[1]) * unit
    return pixels if pixels >= 0 and math.isfinite(pixels) else None


def view_box(attributes: dict[str, str]) -> ViewBox | None:
    """The view box; None where there is none, or one that has no area."""
    match = VIEW_BOX.fullmatch(attributes.get("viewBox", ""))
    if match is None:
        return None
    x, y, width, height = (float(text) for text in match.groups())
    return (x, y, width, height) if width > 0 and height > 0 and math.isfinite(x + y + width + height) else None


def is_disabled(attributes: dict[str, str]) -> bool:
    """Whether the view box says that nothing is drawn: a side of it is 0."""
    match = VIEW_BOX.fullmatch(attributes.get("viewBox", ""))
    return match is not None and 0 in (float(match[3]), float(match[4]))


def without_sides(style: str) -> str:
    """A style attribute without its width and height."""
    items = tinycss2.parse_blocks_contents(style, skip_comments=True, skip_whitespace=True)
    return "".join(
        f"{item.name}:{tinycss2.serialize(item.value)}{'!important' if item.important else ''};"
        for item in items
        if item.type == "declaration" and item.lower_name not in ("width", "height")
    )
