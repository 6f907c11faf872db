"""Puts a colour behind transparent pixels."""

from PIL import Image

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """background: a colour, which may itself be half transparent."""
    if "background" not in values:
        return picture
    if all(colour.is_opaque(frame) for frame in picture.frames):
        return picture
    fill = colour.hex_to_rgba(values["background"])
    return picture.mapped(lambda frame: Image.alpha_composite(Image.new("RGBA", frame.size, fill), frame))
