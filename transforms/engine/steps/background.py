"""Puts a colour behind transparent pixels."""

from collections.abc import Mapping

from PIL import Image

from transforms.engine import colour
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture


def apply(picture: Picture, values: Mapping[str, object], limits: Limits) -> Picture:
    """background: a colour, which may itself be half transparent."""
    if "background" not in values or picture.frames[0].mode != "RGBA":
        return picture
    fill = colour.hex_to_rgba(values["background"])
    return picture.mapped(lambda frame: Image.alpha_composite(Image.new("RGBA", frame.size, fill), frame))
