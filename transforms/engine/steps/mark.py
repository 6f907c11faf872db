"""Overlays a mark: a watermark, a logo, a badge."""

from PIL import Image

from transforms.engine import colour, geometry, picture_values, resampling
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
    assert picture.mark is not None  # where `mark` is among the values, the pipeline sets it
    try:
        natural = source_file.probe(picture.mark, limits).size
        size, corner = _placed(natural, picture.size, values)
        mark_image = source_file.open_picture(picture.mark, limits, target=size).frames[0]
    except EngineError as error:
        raise EngineError(error.code, f"The mark: {error.message}", "mark") from error.__cause__
    mark_image = colour.to_profile(mark_image, picture.profile) if picture.profile else mark_image
    overlay = _faded(resampling.resized(mark_image.convert("RGBA"), size), opacity)
    if picture.is_whole(values):  # trim leaves another size of it for another format
        picture = picture.unchanged_by(*_idle(natural, picture.size, values))
    return picture.mapped(lambda frame: _laid(frame, overlay, corner))


def _placed(natural: geometry.Size, outer: geometry.Size, values: PictureValues) -> tuple[geometry.Size, geometry.Size]:
    """The mark's size and the place of its corner on a picture of the size `outer`."""
    padding = min(values.get("mark-padding", DEFAULTS["mark-padding"]), (min(outer) - 1) // 2)
    available = (outer[0] - 2 * padding, outer[1] - 2 * padding)
    size = _size(natural, outer[0], available, values.get("mark-w"))
    where = geometry.position({"position": values.get("mark-position", DEFAULTS["mark-position"])})
    left, top = geometry.placed(size, available, where)
    return size, (left + padding, top + padding)


def _idle(natural: geometry.Size, outer: geometry.Size, values: PictureValues) -> list[str]:
    """The parameters of the mark without which it lies where it does."""
    placed = _placed(natural, outer, values)
    idle: list[str] = []
    for name in ("mark-w", "mark-padding", "mark-position"):
        if name in values and _placed(natural, outer, picture_values.without(values, (*idle, name))) == placed:
            idle.append(name)
    return idle


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
