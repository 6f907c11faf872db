"""Refines the network's coarse mask to a matte at full size, and removes the old background from its edge.

The matte is a guided filter's with colour as the guide (He, Sun, Tang: Guided Image Filtering, 2010), computed on a
smaller picture and applied to the full one. Colours are decontaminated as in Forte: Approximate Fast Foreground Colour
Estimation (2021): a half-transparent pixel is a mixture of the blurred subject and the blurred background.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from transforms.engine import resampling

# Coefficients vary slowly: this many pixels a side are enough for them, whatever the picture's size.
WORKING_SIDE = 800
# A pixel of the mask is three of the working picture: the true edge is within a few of those.
RADIUS_SHARE = 0.01
SMOOTHNESS = 1e-4
# Below and above these the guided filter's answer is noise: background, subject.
CLEAR, SOLID = 0.1, 0.9
# Uncertain masks make ghosts: between these the mask is pushed towards 0 or 1.
DOUBTED, BELIEVED = 0.2, 0.75
# Where a whole neighbourhood of the mask is this certain, texture must not make holes or specks.
SURE_SUBJECT, SURE_BACKGROUND = 0.85, 0.15
STRIP_PIXELS = 1_000_000


@dataclass(frozen=True)
class _Plan:
    """Planes of the working picture, float32: alpha is colour x `slopes` + `offset`, held between `least` and `most`.

    `subject` and `ground` are the blurred colours of subject and background."""

    slopes: tuple[np.ndarray, ...]
    offset: np.ndarray
    least: np.ndarray
    most: np.ndarray
    subject: tuple[np.ndarray, ...]
    ground: tuple[np.ndarray, ...]


def cut_out(image: Image.Image, mask: np.ndarray) -> Image.Image:
    """The RGB picture as RGBA, transparent where the mask (0 to 1, any size), refined by the picture, is background."""
    plan = _planned(image, mask)
    result = Image.new("RGBA", image.size)
    left, top, right, bottom = _inhabited(plan.most, image.size)
    for first, last in _strips(right - left, top, bottom):
        result.paste(_strip(image, plan, (left, first, right, last)), (left, first))
    return result


def _planned(image: Image.Image, mask: np.ndarray) -> _Plan:
    scale = min(1.0, WORKING_SIDE / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = resampling.resized(image, size, Image.Resampling.BOX)
    radius = max(2, round(RADIUS_SHARE * max(small.size)))
    channels = tuple(np.moveaxis(np.asarray(small, dtype=np.float32) / 255, -1, 0))
    coarse = _ramp(_enlarged(mask, small.size), DOUBTED, BELIEVED)
    slopes, offset = _guided(channels, coarse, radius)
    least = _ramp(_blurred((coarse > SURE_SUBJECT).astype(np.float32), radius), 0.9, 1.0)
    most = _ramp(_blurred((coarse > SURE_BACKGROUND).astype(np.float32), radius), 0.0, 0.1)
    alpha = _alpha(channels, slopes, offset, least, most)
    return _Plan(slopes, offset, least, most, *_sides(channels, alpha, radius))


def _guided(channels: tuple, coarse: np.ndarray, radius: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
    """The linear model of the mask in red, green and blue around each pixel: three slopes and an offset."""
    means = [_blurred(channel, radius) for channel in channels]
    mean = _blurred(coarse, radius)
    shared = [
        _blurred(channel * coarse, radius) - channel_mean * mean
        for channel, channel_mean in zip(channels, means, strict=True)
    ]
    pairs = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))
    spread = {
        (i, j): _blurred(channels[i] * channels[j], radius) - means[i] * means[j] + (SMOOTHNESS if i == j else 0)
        for i, j in pairs
    }
    slopes = _solved(spread, shared)
    offset = mean - sum(slope * channel_mean for slope, channel_mean in zip(slopes, means, strict=True))
    return tuple(_blurred(slope, radius) for slope in slopes), _blurred(offset, radius)


def _solved(spread: dict, shared: list) -> list[np.ndarray]:
    """The symmetric 3 x 3 system of every pixel at once, by cofactors."""
    a, b, c, d, e, f = (spread[pair].astype(np.float64) for pair in ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)))
    first, second, third = d * f - e * e, c * e - b * f, b * e - c * d
    fourth, fifth, sixth = a * f - c * c, b * c - a * e, a * d - b * b
    determinant = a * first + b * second + c * third
    x, y, z = shared
    rows = ((first, second, third), (second, fourth, fifth), (third, fifth, sixth))
    return [((p * x + q * y + r * z) / determinant).astype(np.float32) for p, q, r in rows]


def _sides(channels: tuple, alpha: np.ndarray, radius: int) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
    """The blurred colours of the subject and of the background."""
    inside, outside = _blurred(alpha, radius) + 1e-4, _blurred(1 - alpha, radius) + 1e-4
    subject = tuple(_blurred(channel * alpha, radius) / inside for channel in channels)
    background = tuple(_blurred(channel * (1 - alpha), radius) / outside for channel in channels)
    return subject, background


def _inhabited(most: np.ndarray, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The full-size box outside which everything is transparent; empty when all is."""
    rows, columns = np.flatnonzero(most.any(axis=1)), np.flatnonzero(most.any(axis=0))
    if not len(rows):
        return 0, 0, 0, 0
    across, down = size[0] / most.shape[1], size[1] / most.shape[0]
    left, top = max(0, int((columns[0] - 1) * across)), max(0, int((rows[0] - 1) * down))
    right, bottom = math.ceil((columns[-1] + 2) * across), math.ceil((rows[-1] + 2) * down)
    return left, top, min(size[0], right), min(size[1], bottom)


def _strip(image: Image.Image, plan: _Plan, box: tuple[int, int, int, int]) -> Image.Image:
    """A full-size part, cut out; strips bound the memory whatever the picture's size."""
    size = (box[2] - box[0], box[3] - box[1])
    down, across = (inner / outer for inner, outer in zip(plan.offset.shape, image.size[::-1], strict=True))
    working_box = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)

    def full(plane: np.ndarray) -> np.ndarray:
        return _enlarged(plane, size, working_box)

    rows = np.asarray(image.crop(box), dtype=np.float32) / 255
    channels = tuple(np.moveaxis(rows, -1, 0))
    alpha = _alpha(
        channels, tuple(full(slope) for slope in plan.slopes), full(plan.offset), full(plan.least), full(plan.most)
    )
    planes = [alpha]
    for index, channel in reversed(tuple(enumerate(channels))):
        front, behind = full(plan.subject[index]), full(plan.ground[index])
        planes.insert(0, np.clip(front + alpha * (channel - alpha * front - (1 - alpha) * behind), 0, 1))
    levels = np.stack(planes, axis=-1) * 255 + 0.5
    return Image.fromarray(levels.astype(np.uint8))


def _alpha(channels: tuple, slopes: tuple, offset: np.ndarray, least: np.ndarray, most: np.ndarray) -> np.ndarray:
    guided = offset + sum(channel * slope for channel, slope in zip(channels, slopes, strict=True))
    return np.minimum(np.maximum(_ramp(guided, CLEAR, SOLID), least), most)


def _ramp(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between."""
    part = np.clip((values - low) / (high - low), 0, 1)
    return part * part * (3 - 2 * part)


def _blurred(plane: np.ndarray, radius: int) -> np.ndarray:
    """The box blur of `radius`; edge pixels are repeated outside."""
    side = 2 * radius + 1
    padded = np.pad(plane, ((radius + 1, radius), (radius + 1, radius)), mode="edge")
    sums = padded.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    square = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return (square / (side * side)).astype(np.float32)


def _enlarged(plane: np.ndarray, size: tuple[int, int], box: tuple | None = None) -> np.ndarray:
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(resampling.resized(image, size, Image.Resampling.BILINEAR, box))


def _strips(width: int, top: int, bottom: int) -> Iterator[tuple[int, int]]:
    """(first row, end row) of strips of about a megapixel."""
    rows = max(1, STRIP_PIXELS // max(1, width))
    for first in range(top, bottom, rows):
        yield first, min(bottom, first + rows)
