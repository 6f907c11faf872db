"""Removes the background: everything but the subject becomes transparent."""

from PIL import Image, ImageChops

from transforms.engine import geometry, picture_values
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.vision import matte, subject

# A mask whose maximum is below this has no subject.
LEAST_SURE = 0.3


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """background-remove: a still picture's subject on transparency; a picture without one stays as it is.

    Raises animation_unsupported, and background_removal_unavailable where the network is not installed.
    """
    if not values.get("background-remove", False):
        return picture
    if len(picture.frames) > 1:
        raise EngineError(
            "animation_unsupported",
            "The background of an animation cannot be removed; animated=0 takes its first frame.",
            "background-remove",
        )
    smaller = picture.mapped(lambda frame: _reduced(frame, picture.nominal, values))
    return smaller.mapped(_without_background)


def _reduced(frame: Image.Image, nominal: geometry.Size, values: PictureValues) -> Image.Image:
    """The frame at no less than twice the size the later steps need: a larger matte would be scaled down anyway."""
    later_values = picture_values.without(values, ("crop",))
    target = geometry.decode_target(nominal, later_values)
    if target is None:
        return frame
    factor = min(frame.width // (2 * target[0]), frame.height // (2 * target[1]))
    return frame.reduce(factor) if factor > 1 else frame


def _without_background(frame: Image.Image) -> Image.Image:
    colours = frame.convert("RGB")
    mask = subject.mask(colours)
    if mask.max() < LEAST_SURE:
        return frame
    cutout = matte.cut_out(colours, mask / mask.max())
    if frame.mode == "RGBA":
        cutout.putalpha(ImageChops.multiply(cutout.getchannel("A"), frame.getchannel("A")))
    return cutout
