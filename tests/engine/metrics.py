"""Measures of how alike two pictures look: CIEDE2000 of each pixel, and SSIM."""

import numpy as np
from PIL import Image

from transforms.engine import colour_difference as differences

# Wang et al. 2004, with a plain window of 7 x 7.
WINDOW, C1, C2 = 7, (0.01 * 255) ** 2, (0.03 * 255) ** 2


def encoded(light: np.ndarray) -> np.ndarray:
    """Light 0–1 as sRGB levels 0–255, not rounded."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def colour_difference(one: Image.Image, other: Image.Image) -> np.ndarray:
    """CIEDE2000 of every pixel of two pictures, seen on white."""
    return differences.on_ground(one, other, differences.ON_WHITE)


def ssim(one: Image.Image, other: Image.Image) -> float:
    """Structural similarity of brightness, 1 when equal; seen on white."""
    a, b = (np.asarray(_on_white(image).convert("L"), dtype=np.float64) for image in (one, other))
    mean_a, mean_b = _means(a), _means(b)
    var_a, var_b = _means(a * a) - mean_a**2, _means(b * b) - mean_b**2
    covariance = _means(a * b) - mean_a * mean_b
    numerator = (2 * mean_a * mean_b + C1) * (2 * covariance + C2)
    return float((numerator / ((mean_a**2 + mean_b**2 + C1) * (var_a + var_b + C2))).mean())


def _means(levels: np.ndarray) -> np.ndarray:
    """The mean of every window that lies within."""
    sums = np.pad(levels, ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    w = WINDOW
    return (sums[w:, w:] - sums[:-w, w:] - sums[w:, :-w] + sums[:-w, :-w]) / w**2


def _on_white(image: Image.Image) -> Image.Image:
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")
