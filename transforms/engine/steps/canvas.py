"""Pastes the picture on a canvas of the whole box: fit=pad."""

from PIL import Image

from transforms.engine import geometry
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

CLEAR = (0, 0, 0, 0)


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """fit=pad with w and h: the picture at `position` in the box, transparent around it."""
    if values.get("fit") != "pad" or "w" not in values or "h" not in values:
        return picture
    box = (int(values["w"]), int(values["h"]))
    if box == picture.size:
        return picture
    corner = geometry.placed(picture.size, box, geometry.position(values))
    geometry.check_output(box, len(picture.frames), limits)
    if "position" in values and corner == geometry.placed(picture.size, box, geometry.NAMED_POSITIONS["center"]):
        picture = picture.unchanged_by("position")
    return picture.mapped(lambda frame: laid(frame, box, corner), nominal=box)


def laid(frame: Image.Image, size: geometry.Size, corner: tuple[int, int]) -> Image.Image:
    """The frame with its top left at `corner` of a transparent canvas."""
    canvas = Image.new("RGBA", size, CLEAR)
    canvas.paste(frame, corner)
    return canvas
