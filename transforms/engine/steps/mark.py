"""Overlays a mark: a watermark, a logo, a badge."""

from collections.abc import Mapping

from PIL import Image

from transforms.engine import colour, geometry
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.request import params


def apply(picture: Picture, values: Mapping[str, object], limits: Limits) -> Picture:
    """mark, mark-position, mark-w, mark-padding, mark-opacity: the same on every frame.

    Raises what decoding raises, with param=mark.
    """
    if "mark" not in values or _value(values, "mark-opacity") == 0:
        return picture
    padding = min(int(_value(values, "mark-padding")), (min(picture.size) - 1) // 2)
    available = (picture.size[0] - 2 * padding, picture.size[1] - 2 * padding)
    overlay = _faded(_scaled(picture, available, values, limits), float(_value(values, "mark-opacity")))
    left, top = geometry.placed(overlay.size, available, _place(values))
    return picture.mapped(lambda frame: _laid(frame, overlay, (left + padding, top + padding)))


def _value(values: Mapping[str, object], name: str) -> object:
    return values.get(name, params.default("transform", name))


def _place(values: Mapping[str, object]) -> tuple[float, float]:
    return geometry.position({"position": _value(values, "mark-position")})


def _scaled(picture: Picture, available: geometry.Size, values: Mapping[str, object], limits: Limits) -> Image.Image:
    """The mark at its final size: as wide as requested, but within `available`. Raises EngineError with param=mark."""
    try:
        natural = decode.probe(picture.mark, limits).size
        size = _size(natural, picture.size[0], available, values.get("mark-w"))
        mark_image = decode.open_picture(picture.mark, limits, target=size).frames[0]
    except EngineError as error:
        raise EngineError(error.code, f"The mark: {error.message}", "mark") from error.__cause__
    mark_image = colour.to_profile(mark_image, picture.profile) if picture.profile else mark_image
    return mark_image.convert("RGBA").resize(size, Image.Resampling.LANCZOS)


def _size(natural: geometry.Size, picture_width: int, available: geometry.Size, requested: object) -> geometry.Size:
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
