"""Overlays a mark: a watermark, a logo, a badge."""

from PIL import Image

from transforms.engine import colour, geometry, resampling
from transforms.engine.codecs import source_file
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params

DEFAULTS = params.defaults(endpoints.TRANSFORM)


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """mark, mark-position, mark-w, mark-padding, mark-opacity: the same on every frame.

    Raises what decoding raises, with param=mark.
    """
    opacity = values.get("mark-opacity", DEFAULTS["mark-opacity"])
    if "mark" not in values or opacity == 0:
        return picture
    padding = min(values.get("mark-padding", DEFAULTS["mark-padding"]), (min(picture.size) - 1) // 2)
    available = (picture.size[0] - 2 * padding, picture.size[1] - 2 * padding)
    overlay = _faded(_scaled(picture, available, values, limits), opacity)
    left, top = geometry.placed(overlay.size, available, _place(values))
    return picture.mapped(lambda frame: _laid(frame, overlay, (left + padding, top + padding)))


def _place(values: PictureValues) -> tuple[float, float]:
    return geometry.position({"position": values.get("mark-position", DEFAULTS["mark-position"])})


def _scaled(picture: Picture, available: geometry.Size, values: PictureValues, limits: Limits) -> Image.Image:
    """The mark at its final size: as wide as requested, but within `available`. Raises EngineError with param=mark."""
    assert picture.mark is not None  # where `mark` is among the values, the pipeline sets it
    try:
        natural = source_file.probe(picture.mark, limits).size
        size = _size(natural, picture.size[0], available, values.get("mark-w"))
        mark_image = source_file.open_picture(picture.mark, limits, target=size).frames[0]
    except EngineError as error:
        raise EngineError(error.code, f"The mark: {error.message}", "mark") from error.__cause__
    mark_image = colour.to_profile(mark_image, picture.profile) if picture.profile else mark_image
    return resampling.resized(mark_image.convert("RGBA"), size)


def _size(
    natural: geometry.Size, picture_width: int, available: geometry.Size, requested: float | None
) -> geometry.Size:
    """`requested` is pixels (int), a share of the picture's width (float), or None for the mark's natural size."""
    width = natural[0] if requested is None else requested if isinstance(requested, int) else picture_width * requested
    ratio = min(width / natural[0], available[0] / natural[0], available[1] / natural[1])
    return max(1, round(natural[0] * ratio)), max(1, round(natural[1] * ratio))


def _faded(overlay: Image.Image, opacity: float) -> Image.Image:
    if opacity < 1:
        overlay.putalpha(overlay.getchannel("A").point(lambda level: round(level * opacity)))
    return overlay


def _laid(frame: Image.Image, overlay: Image.Image, corner: tuple[int, int]) -> Image.Image:
    """The overlay on the frame; an opaque frame stays opaque."""
    composite = frame.convert("RGBA")
    composite.alpha_composite(overlay, corner)
    return composite.convert(frame.mode)
