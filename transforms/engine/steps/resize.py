"""Scales the picture to its box, and crops it for fit=cover."""

from dataclasses import replace

from PIL import Image

from transforms.engine import geometry, picture_values, resampling
from transforms.engine.formats import SVG
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.vision import attention, chosen
from transforms.engine.vision.attention import CropChoice

# Beyond three times the target size pixels are averaged first: visually equal, and much faster.
REDUCING_GAP = 3.0
Part = tuple[float, float, float, float]


def apply(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """w, h, dpr, fit, enlarge, position, debug. Raises output_too_large before anything is allocated, and
    face_detection_unavailable for position=face where the network is not installed."""
    fit = geometry.fit(picture.nominal, values)
    warnings = (*picture.warnings, *geometry.warnings(picture.nominal, values))
    picture = replace(picture, shape=fit.shape, warnings=warnings)
    is_debug = values.get("debug") == "crop"
    size = fit.scaled if is_debug else fit.cut
    geometry.check_output(size, len(picture.frames), limits)
    choice = _choice(picture, fit, values)
    if choice.warning:
        picture = replace(picture, warnings=(*picture.warnings, choice.warning))
    if is_debug:
        return picture.mapped(lambda frame: _explained(frame, fit, choice), nominal=size)
    if "position" in values and fit.cut != fit.scaled and _is_position_idle(picture, fit, values, choice):
        picture = picture.unchanged_by("position")
    part = _part_kept(picture, fit, choice)
    if part == (0, 0, *picture.size) and size == picture.size:
        return picture
    return picture.mapped(lambda frame: _scaled(frame, size, part), nominal=size)


def _choice(picture: Picture, fit: geometry.Fit, values: PictureValues) -> CropChoice:
    """The position of the crop, and the reason; for an animation it is chosen by the first frame."""
    position = values.get("position")
    if fit.cut == fit.scaled:
        return CropChoice((0.5, 0.5), "nothing is cut")
    if position in attention.WAYS:
        shares = (fit.cut[0] / fit.scaled[0], fit.cut[1] / fit.scaled[1])
        choice = attention.choose(picture.frames[0], shares, position)
        return replace(choice, reason=f"position={position}: {choice.reason}")
    if position is None and "focal" in values:
        point = geometry.focal(values, picture.source_size)
        return CropChoice(point, "focal point of the object: {:g},{:g}".format(*values["focal"]))
    point = geometry.position(values)
    label = position if isinstance(position, str) else "{:g},{:g}".format(*point) if position else "center"
    return CropChoice(point, f"position={label}")


def _is_position_idle(picture: Picture, fit: geometry.Fit, values: PictureValues, choice: CropChoice) -> bool:
    """Whether the same is cut without the position, out of a picture that is decoded alike."""
    others = picture_values.without(values, ("position",))
    plain = _choice(picture, fit, others)
    if geometry.placed(fit.cut, fit.scaled, plain.position) != geometry.placed(fit.cut, fit.scaled, choice.position):
        return False
    if values["position"] != "face":
        return True
    targets = [geometry.decode_target(picture.source_size, each) for each in (values, others)]
    is_reduced = any(target and geometry.is_reduced(picture.source_size, target) for target in targets)
    return not is_reduced and picture.source_format != SVG and not values.get("background-remove", False)


def _part_kept(picture: Picture, fit: geometry.Fit, choice: CropChoice) -> Part:
    """The part of a frame that is in the result: cropped before scaling, so that no oversized picture is allocated."""
    left, top = geometry.placed(fit.cut, fit.scaled, choice.position)
    across, down = picture.size[0] / fit.scaled[0], picture.size[1] / fit.scaled[1]
    return left * across, top * down, (left + fit.cut[0]) * across, (top + fit.cut[1]) * down


def _explained(frame: Image.Image, fit: geometry.Fit, choice: CropChoice) -> Image.Image:
    """The whole frame at its scaled size, with the choice drawn on it."""
    left, top = geometry.placed(fit.cut, fit.scaled, choice.position)
    whole = _scaled(frame, fit.scaled, (0, 0, *frame.size))
    return chosen.draw(whole, (left, top, left + fit.cut[0], top + fit.cut[1]), choice)


def _scaled(frame: Image.Image, size: geometry.Size, box: Part) -> Image.Image:
    """Lanczos, premultiplied, so that colours of transparent pixels do not bleed."""
    clipped_box = (max(0.0, box[0]), max(0.0, box[1]), min(frame.width, box[2]), min(frame.height, box[3]))
    return resampling.resized(frame, size, Image.Resampling.LANCZOS, clipped_box, REDUCING_GAP)
