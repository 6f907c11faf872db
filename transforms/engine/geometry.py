"""Sizes and boxes: how a picture fits its box, where it is cut, and how much smaller it may be decoded."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits

Size = tuple[int, int]
Box = tuple[int, int, int, int]

NAMED_POSITIONS = {
    "center": (0.5, 0.5),
    "top": (0.5, 0.0),
    "bottom": (0.5, 1.0),
    "left": (0.0, 0.5),
    "right": (1.0, 0.5),
    "top-left": (0.0, 0.0),
    "top-right": (1.0, 0.0),
    "bottom-left": (0.0, 1.0),
    "bottom-right": (1.0, 1.0),
}


@dataclass(frozen=True)
class Fit:
    """What resizing does: scale the whole picture to `scaled`, cut it to `cut`, lay it on `canvas` (fit=pad)."""

    scaled: Size
    cut: Size
    canvas: Size


def fit(source: Size, values: Mapping[str, object]) -> Fit:
    """Works out sizes in pixels for w, h, dpr, fit and enlarge; no side is ever zero.

    Without `enlarge` nothing grows: cover then keeps the box's shape at the size the source allows,
    fill stops each side at the source's, and pad still gives the whole box.
    """
    box = _box(source, values)
    grows = bool(values.get("enlarge", False))
    way = values.get("fit", "contain") if "w" in values and "h" in values else "contain"
    if way == "fill":
        size = box if grows else (min(box[0], source[0]), min(box[1], source[1]))
        return Fit(size, size, size)
    ratios = (box[0] / source[0], box[1] / source[1])
    ratio = max(ratios) if way == "cover" else min(ratios)
    used = ratio if grows else min(1.0, ratio)
    scaled = _times(source, used)
    if way != "cover":
        return Fit(scaled, scaled, box if way == "pad" else scaled)
    shape = _times(box, used / ratio)
    cut = (min(scaled[0], shape[0]), min(scaled[1], shape[1]))
    return Fit(scaled, cut, cut)


def _box(source: Size, values: Mapping[str, object]) -> Size:
    """The box in pixels; a side that was not given leaves the other to decide."""
    if "w" not in values and "h" not in values:
        return _times(source, float(values.get("dpr", 1)))
    width, height = values.get("w"), values.get("h")
    if width is None:
        width = max(1, round(source[0] * height / source[1]))
    if height is None:
        height = max(1, round(source[1] * width / source[0]))
    return int(width), int(height)


def _times(size: Size, ratio: float) -> Size:
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def position(values: Mapping[str, object]) -> tuple[float, float]:
    """Where a cut or a padded picture sits: 0–1 from the left and the top."""
    where = values.get("position", "center")
    return NAMED_POSITIONS[where] if isinstance(where, str) else (float(where[0]), float(where[1]))


def placed(inner: Size, outer: Size, where: tuple[float, float]) -> tuple[int, int]:
    """The corner at which `inner` lies in `outer`; negative offsets when it is larger."""
    return round((outer[0] - inner[0]) * where[0]), round((outer[1] - inner[1]) * where[1])


def crop_box(source: Size, crop: tuple) -> Box:
    """The box of the crop parameter in source pixels, kept inside the picture.

    Raises invalid_parameter when nothing of it lies inside.
    """
    unit, *numbers = crop
    x, y, width, height = (n * side for n, side in zip(numbers, source * 2, strict=True)) if unit == "fr" else numbers
    left, top = round(x), round(y)
    if left >= source[0] or top >= source[1]:
        raise EngineError(
            "invalid_parameter", f"The crop lies outside the picture of {source[0]} x {source[1]} pixels.", "crop"
        )
    right, bottom = min(source[0], max(left + 1, round(x + width))), min(source[1], max(top + 1, round(y + height)))
    return left, top, right, bottom


def in_frame(box: Box, nominal: Size, size: Size) -> Box:
    """A box in source pixels as pixels of a frame that was decoded smaller; never empty."""
    across, down = size[0] / nominal[0], size[1] / nominal[1]
    left, top = min(size[0] - 1, round(box[0] * across)), min(size[1] - 1, round(box[1] * down))
    right, bottom = max(left + 1, round(box[2] * across)), max(top + 1, round(box[3] * down))
    return left, top, min(size[0], right), min(size[1], bottom)


def decode_target(source: Size, values: Mapping[str, object]) -> Size | None:
    """The smallest size of the whole upright picture that the steps can work with; None for full size."""
    if "trim" in values:
        return None
    seen = source
    if "crop" in values:
        left, top, right, bottom = crop_box(source, values["crop"])
        seen = (right - left, bottom - top)
    turned = values.get("rotate", 0) in (90, 270)
    scaled = fit((seen[1], seen[0]) if turned else seen, values).scaled
    scaled = (scaled[1], scaled[0]) if turned else scaled
    return math.ceil(source[0] * scaled[0] / seen[0]), math.ceil(source[1] * scaled[1] / seen[1])


def check_output(size: Size, frames: int, limits: Limits) -> None:
    """Raises output_too_large before any pixel of such an output is allocated."""
    if size[0] * size[1] * frames > limits.output_pixels:
        raise EngineError(
            "output_too_large",
            f"The result would have {size[0]} x {size[1]} pixels in {frames} frame(s); "
            f"the limit is {limits.output_pixels} pixels.",
        )
