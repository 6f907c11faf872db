"""How far apart two colours look: CIEDE2000, of CIELAB colours and of the pixels of two pictures."""

import numpy as np
from PIL import Image

# IEC 61966-2-1; the white is D65.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
LEVELS = np.arange(256)
ON_WHITE, ON_BLACK = (255, 255, 255, 255), (0, 0, 0, 255)
OPPOSITE = 1e-9  # degrees by which opposite hues may be further apart than 180, as they are computed
# Pixels measured at once: their intermediate values are some thirty times as many bytes as the pixels.
STRIP_PIXELS = 250_000


def linear(levels: np.ndarray) -> np.ndarray:
    """sRGB levels 0–255 as light, 0–1."""
    shares = np.asarray(levels, dtype=np.float64) / 255
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


LIGHT = linear(LEVELS)


def lab(levels: np.ndarray) -> np.ndarray:
    """sRGB levels (…, 3) in CIELAB."""
    light = LIGHT[levels] if levels.dtype == np.uint8 else linear(levels)
    ratios = light @ TO_XYZ.T / WHITE
    f = np.where(ratios > 216 / 24389, np.cbrt(ratios), (24389 / 27 * ratios + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1)


def delta_e(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 between Lab colours, element by element (Sharma, Wu and Dalal 2005); about 1 is just visible."""
    light, light2 = one[..., 0], other[..., 0]
    mean_chroma = (np.hypot(one[..., 1], one[..., 2]) + np.hypot(other[..., 1], other[..., 2])) / 2
    g = 0.5 * (1 - _chroma_share(mean_chroma))
    a1, a2 = (1 + g) * one[..., 1], (1 + g) * other[..., 1]
    c1, c2 = np.hypot(a1, one[..., 2]), np.hypot(a2, other[..., 2])
    h1, h2 = (np.degrees(np.arctan2(colour[..., 2], a)) % 360 for colour, a in ((one, a1), (other, a2)))
    grey = c1 * c2 == 0
    far = np.abs(h2 - h1) > 180 + OPPOSITE
    turn = np.where(grey, 0, h2 - h1 - np.where(far, np.copysign(360, h2 - h1), 0))
    lightness, chroma = light2 - light, c2 - c1
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    mean_light, mean_c = (light + light2) / 2, (c1 + c2) / 2
    mean_h = np.where(grey, h1 + h2, (h1 + turn / 2) % 360)
    sl = 1 + 0.015 * (mean_light - 50) ** 2 / np.sqrt(20 + (mean_light - 50) ** 2)
    sc, sh = 1 + 0.045 * mean_c, 1 + 0.015 * mean_c * _hue_weight(mean_h)
    blue = 30 * np.exp(-(((mean_h - 275) / 25) ** 2))
    rotation = -2 * _chroma_share(mean_c) * np.sin(np.radians(2 * blue))
    parts = lightness / sl, chroma / sc, hue / sh
    return np.sqrt(np.maximum(0, sum(part**2 for part in parts) + rotation * parts[1] * parts[2]))


def _chroma_share(chroma: np.ndarray) -> np.ndarray:
    seventh = chroma * (chroma * chroma) ** 3
    return np.sqrt(seventh / (seventh + 25.0**7))


def _hue_weight(hue: np.ndarray) -> np.ndarray:
    waves = ((1, 30, -0.17), (2, 0, 0.24), (3, -6, 0.32), (4, 63, -0.20))
    return 1 + sum(share * np.cos(np.radians(times * hue - phase)) for times, phase, share in waves)


def of_pictures(one: Image.Image, other: Image.Image) -> np.ndarray:
    """CIEDE2000 of every pixel of two pictures (RGB or RGBA) of one size: on white or on black, whichever is more."""
    differences = np.zeros((one.height, one.width))
    rows = max(1, STRIP_PIXELS // one.width)
    for top in range(0, one.height, rows):
        box = 0, top, one.width, min(one.height, top + rows)
        differences[top : box[3]] = _of_strip(one.crop(box), other.crop(box))
    return differences


def _of_strip(one: Image.Image, other: Image.Image) -> np.ndarray:
    on_white = on_ground(one, other, ON_WHITE)
    return np.maximum(on_white, on_ground(one, other, ON_BLACK)) if "RGBA" in (one.mode, other.mode) else on_white


def on_ground(one: Image.Image, other: Image.Image, ground: tuple[int, int, int, int]) -> np.ndarray:
    """CIEDE2000 of every pixel of two pictures of one size on an opaque ground."""
    a, b = (
        np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, ground), image.convert("RGBA")))[..., :3]
        for image in (one, other)
    )
    unlike = (a != b).any(axis=-1)  # the others differ by nothing, and are most of them
    differences = np.zeros(unlike.shape)
    differences[unlike] = delta_e(lab(a[unlike]), lab(b[unlike]))
    return differences
