"""Crops the upright source to the requested part."""

from transforms.engine import geometry
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """crop: source pixels or fractions. Raises invalid_parameter when it lies outside."""
    if "crop" not in values:
        return picture
    box = geometry.crop_box(picture.nominal, values["crop"])
    frame_box = geometry.in_frame(box, picture.nominal, picture.size)
    return picture.mapped(lambda frame: frame.crop(frame_box), nominal=(box[2] - box[0], box[3] - box[1]))
