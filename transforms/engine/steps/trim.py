"""Crops a border of one colour."""

from dataclasses import replace

from PIL import Image, ImageChops

from transforms.engine import geometry, picture_values
from transforms.engine.formats import SVG
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues

Box = tuple[int, int, int, int]


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """trim: how many of 255 levels a channel may differ from the top left pixel.

    For an animation the box is the union over its frames. A picture that is all border stays as it is.
    """
    if "trim" not in values:
        return picture
    whole = (0, 0, *picture.size)
    boxes = [box for frame in picture.frames if (box := _inside(frame, int(values["trim"])))]
    union = _union(boxes) if boxes else whole
    picture = replace(picture, trimmed=union) if picture.is_whole(values) else picture
    if union == whole:
        is_idle = picture.trimmed and _is_decoded_alike(picture, values)
        return picture.unchanged_by("trim") if is_idle else picture
    return picture.mapped(lambda frame: frame.crop(union), nominal=(union[2] - union[0], union[3] - union[1]))


def _is_decoded_alike(picture: Picture, values: PictureValues) -> bool:
    """Whether the source would have been decoded at this size without trim, which looks at every pixel, and its
    background been removed at it."""
    if values.get("background-remove", False):
        return False
    if picture.source_format != "jpeg":
        return picture.source_format != SVG
    target = geometry.decode_target(picture.source_size, picture_values.without(values, ("trim",)))
    return target is None or not geometry.is_reduced(picture.source_size, target)


def _inside(frame: Image.Image, tolerance: int) -> Box | None:
    """The box of everything that is not border. Premultiplied, so that colours of transparent pixels do not count."""
    source = frame.convert("RGBa") if frame.mode == "RGBA" else frame
    border = Image.new(source.mode, source.size, source.getpixel((0, 0)))
    boxes = []
    for band, edge in zip(source.split(), border.split(), strict=True):
        differs = ImageChops.difference(band, edge).point(lambda level: 255 if level > tolerance else 0)
        boxes.append(differs.getbbox())
    nonempty_boxes = [box for box in boxes if box]
    if not nonempty_boxes:
        return None
    return _union(nonempty_boxes)


def _union(boxes: list[Box]) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)
