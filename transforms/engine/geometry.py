"""Sizes and boxes: how a picture fits its box, where it is cropped, and how much smaller it may be decoded."""

import math
from dataclasses import dataclass

from transforms.engine.errors import EngineError
from transforms.engine.formats import Format
from transforms.engine.limits import Limits
from transforms.engine.picture_values import Crop, PictureValues
from transforms.engine.vision import faces

Size = tuple[int, int]
Box = tuple[int, int, int, int]

# A JPEG decoded at a half, a quarter or an eighth keeps this many times the pixels that are needed on each side: with
# less, fine patterns are lost (docs/performance.md).
SPARE = 1.25
REDUCTIONS = (8, 4, 2)
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
    """The result of fitting: scale the whole picture to `scaled`, crop it to `cut`, paste it on `canvas` (fit=pad)."""

    scaled: Size
    cut: Size
    canvas: Size

    @property
    def shape(self) -> tuple[int, ...]:
        """The six numbers in a row."""
        return (*self.scaled, *self.cut, *self.canvas)


def fit(source: Size, values: PictureValues) -> Fit:
    """Works out sizes in pixels for w, h, dpr, fit and enlarge; no side is ever zero.

    Without `enlarge` nothing grows: cover then keeps the box's shape at the size the source allows,
    fill stops each side at the source's, and pad still gives the whole box.
    """
    ratios = _ratios(source, values)
    may_enlarge = bool(values.get("enlarge", False))
    if "w" not in values or "h" not in values or values.get("fit", "contain") == "contain":
        ratio = min(ratios)
        scaled = _times(source, ratio if may_enlarge else min(1.0, ratio))
        return Fit(scaled, scaled, scaled)
    mode, box = values["fit"], (int(values["w"]), int(values["h"]))
    if mode == "fill":
        size = box if may_enlarge else (min(box[0], source[0]), min(box[1], source[1]))
        return Fit(size, size, size)
    ratio = max(ratios) if mode == "cover" else min(ratios)
    applied_ratio = ratio if may_enlarge else min(1.0, ratio)
    scaled = _times(source, applied_ratio)
    if mode == "pad":
        return Fit(scaled, scaled, box)
    shape = _times(box, applied_ratio / ratio)
    cut = (min(scaled[0], shape[0]), min(scaled[1], shape[1]))
    return Fit(scaled, cut, cut)


def warnings(source: Size, values: PictureValues) -> tuple[str, ...]:
    """The warning where the box is for more pixels than there are, and `enlarge` is not set: fewer give the same."""
    if not _stays_small(source, values):
        return ()
    return (f"Only {source[0]} x {source[1]} pixels are there to fit into the box; enlarge=1 would enlarge them.",)


def _stays_small(source: Size, values: PictureValues) -> bool:
    ratios, mode = _ratios(source, values), values.get("fit", "contain")
    decisive = max(ratios) if len(ratios) == 2 and mode in ("cover", "fill") else min(ratios)
    return decisive > 1 and not values.get("enlarge", False)


def _ratios(source: Size, values: PictureValues) -> tuple[float, ...]:
    """The scale factor of each side in `values`; without any, dpr."""
    lengths = (values.get("w"), values.get("h"))
    ratios = tuple(length / side for length, side in zip(lengths, source, strict=True) if length is not None)
    return ratios or (float(values.get("dpr", 1)),)


def _times(size: Size, ratio: float) -> Size:
    return max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio))


def position(values: PictureValues) -> tuple[float, float]:
    """The position of a crop or a padded picture: 0–1 from the left and the top."""
    value = values.get("position", "center")
    return NAMED_POSITIONS[value] if isinstance(value, str) else (float(value[0]), float(value[1]))


def focal(values: PictureValues, source: Size) -> tuple[float, float]:
    """The focal point of the upright source, 0–1, in the picture after crop, rotate and flip."""
    x, y = values["focal"]
    if "crop" in values:
        left, top, right, bottom = crop_box(source, values["crop"])
        x = min(1.0, max(0.0, (x * source[0] - left) / (right - left)))
        y = min(1.0, max(0.0, (y * source[1] - top) / (bottom - top)))
    for _ in range(int(values.get("rotate", 0)) // 90):
        x, y = 1 - y, x
    flip = str(values.get("flip", ""))
    return 1 - x if "h" in flip else x, 1 - y if "v" in flip else y


def placed(inner: Size, outer: Size, where: tuple[float, float]) -> tuple[int, int]:
    """The corner at which `inner` lies in `outer`; negative offsets when it is larger."""
    return round((outer[0] - inner[0]) * where[0]), round((outer[1] - inner[1]) * where[1])


def crop_box(source: Size, crop: Crop) -> Box:
    """The box of the crop parameter in source pixels, kept inside the picture.

    Raises invalid_parameter when the box is completely outside.
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
    x_scale, y_scale = size[0] / nominal[0], size[1] / nominal[1]
    left, top = min(size[0] - 1, round(box[0] * x_scale)), min(size[1] - 1, round(box[1] * y_scale))
    right, bottom = max(left + 1, round(box[2] * x_scale)), max(top + 1, round(box[3] * y_scale))
    return left, top, min(size[0], right), min(size[1], bottom)


def decode_target(source: Size, values: PictureValues) -> Size | None:
    """The smallest size of the whole upright picture that the steps can work with; None for full size."""
    if "trim" in values:
        return None
    visible = source
    if "crop" in values:
        left, top, right, bottom = crop_box(source, values["crop"])
        visible = (right - left, bottom - top)
    is_sideways = values.get("rotate", 0) in (90, 270)
    scaled = fit((visible[1], visible[0]) if is_sideways else visible, values).scaled
    scaled = (scaled[1], scaled[0]) if is_sideways else scaled
    if values.get("position") == "face":
        # Faces are detected before the picture is scaled down.
        scale = max(scaled[0] / visible[0], min(1.0, faces.SEEN_SIDE / max(visible)))
        scaled = _times(visible, scale)
    return math.ceil(source[0] * scaled[0] / visible[0]), math.ceil(source[1] * scaled[1] / visible[1])


def with_spare(target: Size) -> Size:
    """The least size of a JPEG that is decoded at a fraction of its own for this target."""
    return max(1, math.ceil(SPARE * target[0])), max(1, math.ceil(SPARE * target[1]))


def reduction(source: Size, target: Size) -> int:
    """By how much the sides of a JPEG of this size are smaller when it is decoded for the target: 1, 2, 4 or 8."""
    spare = min(side // least for side, least in zip(source, with_spare(target), strict=True))
    return next((factor for factor in REDUCTIONS if spare >= factor), 1)


def is_reduced(source: Size, target: Size) -> bool:
    """Whether a JPEG of this size is decoded at a fraction of it for the target."""
    return reduction(source, target) > 1


def check_output(size: Size, frames: int, limits: Limits) -> None:
    """Raises output_too_large before any pixel of such an output is allocated."""
    if size[0] * size[1] * frames > limits.output_pixels:
        raise EngineError(
            "output_too_large",
            f"The result would have {size[0]} x {size[1]} pixels in {frames} frame(s); "
            f"the limit is {limits.output_pixels} pixels.",
        )


def check_sides(size: Size, output_format: Format) -> None:
    """Raises output_too_large where a format cannot hold the sides."""
    if max(size) > output_format.longest_side:
        raise EngineError("output_too_large", f"A side of {max(size)} pixels does not fit into {output_format.name}.")
