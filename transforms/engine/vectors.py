"""How an SVG is drawn for a transform: it has no pixels of its own, so it is drawn at the size that is asked for."""

from dataclasses import dataclass

from transforms.engine import geometry, picture_values
from transforms.engine.geometry import Box, Size
from transforms.engine.limits import Limits
from transforms.engine.picture_values import PictureValues

# What is trimmed is known from pixels alone: about so many on the longest side, whatever size is asked for, and of a
# small drawing a whole number for each of its own, so that its edges are sharp.
TRIMMED_SIDE = 2_048


@dataclass(frozen=True)
class VectorPlan:
    """What is drawn: a region of the drawing, in pixels of its own size, at `size`; and the values that are left for
    the steps. `nominal` is the size that the drawn pixels stand for."""

    region: Box
    size: Size
    nominal: Size
    values: PictureValues


def growing(values: PictureValues) -> PictureValues:
    """The values for a drawing: it fills a box that is larger than its own size."""
    return {**values, "enlarge": True}


def plan(source: Size, values: PictureValues, limits: Limits) -> VectorPlan:
    """The plan for a drawing of this size. Raises invalid_parameter for a crop outside of it, and output_too_large."""
    values = growing(values)
    region: Box = (0, 0, *source)
    if "crop" in values:
        region = geometry.crop_box(source, values["crop"])
        if "focal" in values:
            point = geometry.focal(picture_values.of({"focal": values["focal"], "crop": values["crop"]}), source)
            values["focal"] = point
        values = picture_values.without(values, ("crop",))
    nominal = region[2] - region[0], region[3] - region[1]
    if "trim" in values:
        scale = TRIMMED_SIDE / max(nominal)
        scale = float(round(scale)) if scale > 1 else scale
        size = max(1, round(nominal[0] * scale)), max(1, round(nominal[1] * scale))
        return VectorPlan(region, size, size, {**values, "dpr": values.get("dpr", 1) / scale})
    is_sideways = values.get("rotate", 0) in (90, 270)
    fit = geometry.fit(nominal[::-1] if is_sideways else nominal, values)
    geometry.check_output(fit.cut, 1, limits)
    return VectorPlan(region, geometry.decode_target(nominal, values) or nominal, nominal, values)
