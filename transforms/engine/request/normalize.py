"""Normalizes equivalent parameters of one picture to one set of values."""

import math
from decimal import ROUND_HALF_UP, Decimal

from transforms.engine import errors, limits, picture_values
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import params

SCALED = ("w", "h", "padding", "radius", "gap", "mark-w", "mark-padding")
# Without a box dpr stays, for the renderer to scale the source by, and a grid its gap.
SCALED_WITHOUT_BOX = ("padding", "radius", "mark-w", "mark-padding")
# A side has a pixel; a mark has two, as 1 means the whole width of the picture.
LEAST_LENGTHS = {"w": 1, "h": 1, "mark-w": 2}
OF_MARK = ("mark-position", "mark-w", "mark-padding", "mark-opacity")
# Pad crops nothing, and its default position is the middle.
IDLE_FOR_PAD = ("smart", "entropy", "face", (0.5, 0.5))
WHOLE_PICTURE = ("fr", 0.0, 0.0, 1.0, 1.0)


def fold(endpoint: str, values: dict, spellings: dict[str, str]) -> tuple[PictureValues, dict]:
    """The values that differ from the defaults, and the lengths before dpr where no URL can express the scaled ones.

    `spellings` is the name or alias in the query by long-lived name, for the errors. Raises invalid_parameter for a
    box too large and conflicting_parameters for cols with a type that has none.
    """
    if "size" in spellings:
        spellings = {"w": spellings["size"], "h": spellings["size"], **spellings}
    values = _split_size(values)
    values = _settle_columns(values, spellings)
    values, unscaled = _scale(endpoint, values, spellings)
    values = _drop_idle(values)
    if "src" not in spellings:
        values = {name: value for name, value in values.items() if name != "v"}  # no bytes to tell apart
    if "mark" not in spellings:
        values = {name: value for name, value in values.items() if name not in OF_MARK}
    differing = {name: value for name, value in values.items() if not _is_default(endpoint, name, value, values)}
    return picture_values.of(differing), unscaled


def _split_size(values: dict) -> dict:
    if "size" not in values:
        return values
    size = values["size"]
    rest = {name: value for name, value in values.items() if name != "size"}
    return {"w": size, "h": size, **rest}


def _settle_columns(values: dict, spellings: dict[str, str]) -> dict:
    """cols without a type, or with auto, means classic, as auto has no columns of its own to set."""
    if "cols" not in values:
        return values
    layout = values.get("type", "auto")
    if layout == "row":
        message = f"{spellings['cols']} goes with type=classic or type=column; type=row is one row."
        raise errors.EngineError("conflicting_parameters", message, spellings["cols"])
    return {**values, "type": "classic" if layout == "auto" else layout}


def _scale(endpoint: str, values: dict, spellings: dict[str, str]) -> tuple[dict, dict]:
    dpr = values.get("dpr", 1) or 1
    rest = {name: value for name, value in values.items() if name != "dpr"}
    has_box = "w" in values or "h" in values
    scalable = SCALED if has_box else SCALED_WITHOUT_BOX
    lengths = {name: rest[name] for name in scalable if isinstance(rest.get(name), int)}
    scaled = {name: _times(length, dpr, name) for name, length in lengths.items()}
    _check_box(scaled, dpr, spellings)
    exceeds_range = any(length > params.ROWS[endpoint][name].bounds[1] for name, length in scaled.items())
    if not has_box and dpr != 1:
        return {**rest, **scaled, "dpr": dpr}, {name: _least(length, dpr) for name, length in scaled.items() if length}
    return {**rest, **scaled}, ({**lengths, "dpr": dpr} if exceeds_range else {})


def _times(length: int, dpr: float, name: str) -> int:
    product = int((length * Decimal(str(dpr))).to_integral_value(ROUND_HALF_UP))
    return max(product, LEAST_LENGTHS.get(name, 0))


def _least(scaled: int, dpr: float) -> int:
    """The shortest length that dpr scales to `scaled`: one canonical value for all that do."""
    return math.ceil((scaled - Decimal("0.5")) / Decimal(str(dpr)))


def _check_box(scaled: dict[str, int], dpr: float, spellings: dict[str, str]) -> None:
    max_side = limits.Limits().output_side
    for name in ("w", "h"):
        if scaled.get(name, 0) > max_side:
            message = (
                f"{spellings[name]} times dpr={dpr} is {scaled[name]} pixels; the box has at most {max_side} a side."
            )
            raise errors.EngineError("invalid_parameter", message, spellings[name])


def _drop_idle(values: dict) -> dict:
    """The values without those that have no effect: a fit without a box, a position without a crop or padding, a whole
    crop."""
    ignored = set()
    if not ("w" in values and "h" in values):
        ignored.add("fit")
    if "fit" in ignored or values.get("fit") not in ("cover", "pad"):
        ignored.add("position")
    if values.get("fit") == "pad" and values.get("position") in IDLE_FOR_PAD:
        ignored.add("position")
    if "blurhash" in values or "color" in values:
        ignored.add("fit")
    if values.get("crop") == WHOLE_PICTURE:
        ignored.add("crop")
    return {name: value for name, value in values.items() if name not in ignored}


def _is_default(endpoint: str, name: str, value: object, values: dict) -> bool:
    if name == "cols" and values.get("type") == "column":
        return value == 1
    return value == params.default(endpoint, name)
