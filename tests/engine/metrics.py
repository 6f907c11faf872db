"""Measures of how alike two pictures look: CIEDE2000 colour difference and SSIM."""

import numpy as np
from PIL import Image

# IEC 61966-2-1; the white is D65.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
# Wang et al. 2004, with a plain window of 7 x 7.
WINDOW, C1, C2 = 7, (0.01 * 255) ** 2, (0.03 * 255) ** 2


def linear(levels: np.ndarray) -> np.ndarray:
    """sRGB levels 0–255 as light, 0–1."""
    shares = np.asarray(levels, dtype=np.float64) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def encoded(light: np.ndarray) -> np.ndarray:
    """Light 0–1 as sRGB levels 0–255, not rounded."""
    light = np.clip(light, 0, 1)
    return 255 * np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def lab(levels: np.ndarray) -> np.ndarray:
    """sRGB levels (…, 3) in CIELAB."""
    ratios = linear(levels) @ TO_XYZ.T / WHITE
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def delta_e(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 between Lab colours, element by element (Sharma, Wu and Dalal 2005); about 1 is just visible."""
    light, light2 = one[..., 0], other[..., 0]
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    g = 0.5 * (1 - np.sqrt(mean_chroma**7 / (mean_chroma**7 + 25.0**7)))
    a1, a2 = (1 + g) * one[..., 1], (1 + g) * other[..., 1]
    c1, c2 = np.hypot(a1, one[..., 2]), np.hypot(a2, other[..., 2])
    h1, h2 = (np.degrees(np.arctan2(colour[..., 2], a)) % 360 for colour, a in ((one, a1), (other, a2)))
    grey = c1 * c2 == 0
    turn = np.where(grey, 0, (h2 - h1 + 180) % 360 - 180)
    lightness, chroma = light2 - light, c2 - c1
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_light, mean_c = (light + light2) / 2, (c1 + c2) / 2
    mean_h = np.where(grey, h1 + h2, (h1 + turn / 2) % 360)
    sl = 1 + 0.015 * (mean_light - 50) ** 2 / np.sqrt(20 + (mean_light - 50) ** 2)
    sc, sh = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * _hue_weight(mean_h)
    blue = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -2 * np.sqrt(mean_c**7 / (mean_c**7 + 25.0**7)) * np.sin(np.radians(2 * blue))
    parts = lightness / sl, chroma / sc, hue / sh
    return np.sqrt(np.maximum(0, sum(part**2 for part in parts) + rotation * parts[1] * parts[2]))


def _hue_weight(hue: np.ndarray) -> np.ndarray:
    waves = ((1, 30, -0.17), (2, 0, 0.24), (3, -6, 0.32), (4, 63, -0.20))
    return 1 + sum(share * np.cos(np.radians(times * hue - phase)) for times, phase, share in waves)


def colour_difference(one: Image.Image, other: Image.Image) -> np.ndarray:
    """CIEDE2000 of every pixel of two pictures, seen on white."""
    return delta_e(*(lab(np.asarray(_on_white(image))) for image in (one, other)))


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
