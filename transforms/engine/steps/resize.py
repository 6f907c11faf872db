"""Scales the picture into its box and cuts it there if the box is to be covered."""

from collections.abc import Mapping

from PIL import Image

from transforms.engine import geometry
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture

# Beyond three times the wanted size pixels are averaged first: as good to the eye, and much faster.
REDUCING_GAP = 3.0


def apply(picture: Picture, values: Mapping[str, object], limits: Limits) -> Picture:
    """w, h, dpr, fit, enlarge, position. Raises output_too_large before anything is allocated."""
    fit = geometry.fit(picture.nominal, values)
    count = len(picture.frames)
    geometry.check_output(fit.cut, count, limits)
    box = _part_kept(picture, fit, values)
    if box == (0, 0, *picture.size) and fit.cut == picture.size:
        return picture
    return picture.mapped(lambda frame: _scaled(frame, fit.cut, box), nominal=fit.cut)


def _part_kept(picture: Picture, fit: geometry.Fit, values: Mapping[str, object]) -> tuple[float, float, float, float]:
    """The part of a frame that ends up in the result: cut before scaling, so that no oversized picture is made."""
    left, top = geometry.placed(fit.cut, fit.scaled, geometry.position(values))
    across, down = picture.size[0] / fit.scaled[0], picture.size[1] / fit.scaled[1]
    return left * across, top * down, (left + fit.cut[0]) * across, (top + fit.cut[1]) * down


def _scaled(frame: Image.Image, size: geometry.Size, box: tuple[float, float, float, float]) -> Image.Image:
    """Lanczos; Pillow premultiplies alpha itself, so colours under clear pixels do not bleed."""
    kept = (max(0.0, box[0]), max(0.0, box[1]), min(frame.width, box[2]), min(frame.height, box[3]))
    return frame.resize(size, Image.Resampling.LANCZOS, kept, REDUCING_GAP)
