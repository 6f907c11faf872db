"""ThumbHash: a picture in about 25 bytes, its shape and transparency included.

The algorithm and the format of the bytes are Evan Wallace's, https://evanw.github.io/thumbhash/.
"""

import base64
import math

import numpy as np
from PIL import Image

# The format's own limit; more pixels would not change the hash noticeably.
LONGEST_SIDE = 100
COLOUR_WAVES, ALPHA_WAVES = 3, 5
LUMINANCE_WAVES, LUMINANCE_WAVES_WITH_ALPHA = 7, 5
# Coefficients below this are rounding errors, and would differ from machine to machine.
NOISE = 1e-9


def encode_image(image: Image.Image) -> str:
    """The hash of an RGB or RGBA picture, in base64."""
    small = image.convert("RGBA")
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float64) / 255
    return base64.b64encode(_packed(pixels)).decode()


def _packed(pixels: np.ndarray) -> bytes:
    """The bytes: a header with the DC terms and scales, then four bits for each AC coefficient."""
    height, width = pixels.shape[:2]
    alpha = pixels[..., 3]
    has_alpha = bool(alpha.mean() < 1)
    max_waves = LUMINANCE_WAVES_WITH_ALPHA if has_alpha else LUMINANCE_WAVES
    across, down = (max(1, _rounded(max_waves * side / max(width, height))) for side in (width, height))
    red, green, blue = np.moveaxis(_over_average(pixels), -1, 0)
    constant, luminance, scale = _waves((red + green + blue) / 3, max(3, across), max(3, down))
    yellow_constant, yellow, yellow_scale = _waves((red + green) / 2 - blue, COLOUR_WAVES, COLOUR_WAVES)
    red_constant, reddish, red_scale = _waves(red - green, COLOUR_WAVES, COLOUR_WAVES)
    waves = [*luminance, *yellow, *reddish]
    wide = width > height
    bits = _rounded(63 * constant) | _rounded(31.5 + 31.5 * yellow_constant) << 6
    bits |= _rounded(31.5 + 31.5 * red_constant) << 12 | _rounded(31 * scale) << 18 | has_alpha << 23
    shape = (down if wide else across) | _rounded(63 * yellow_scale) << 3 | _rounded(63 * red_scale) << 9 | wide << 15
    encoded = bits.to_bytes(3, "little") + shape.to_bytes(2, "little")
    if has_alpha:
        alpha_constant, alpha_waves, alpha_scale = _waves(alpha, ALPHA_WAVES, ALPHA_WAVES)
        encoded += bytes([_rounded(15 * alpha_constant) | _rounded(15 * alpha_scale) << 4])
        waves += alpha_waves
    return encoded + _nibbles([_rounded(15 * wave) for wave in waves])


def _over_average(pixels: np.ndarray) -> np.ndarray:
    """The colours composited on their own average, so that transparent pixels have no weight."""
    alpha = pixels[..., 3:]
    total_alpha = alpha.sum()
    average = (pixels[..., :3] * alpha).sum(axis=(0, 1)) / total_alpha if total_alpha else np.zeros(3)
    return average * (1 - alpha) + pixels[..., :3] * alpha


def _waves(channel: np.ndarray, across: int, down: int) -> tuple[float, list[float], float]:
    """The DC term, the AC coefficients of the upper left triangle normalized to 0–1, and their scale."""
    height, width = channel.shape
    rows, columns = _cosines(height, down), _cosines(width, across)
    coefficients = rows @ channel @ columns.T / (width * height)
    waves = [coefficients[y, x] for y in range(down) for x in range(across) if x * down < across * (down - y)]
    constant, other_waves = float(waves[0]), np.array(waves[1:])
    scale = float(np.abs(other_waves).max(initial=0))
    if scale < NOISE:
        return constant, [0.0] * len(other_waves), 0.0
    return constant, list(0.5 + 0.5 / scale * other_waves), scale


def _cosines(side: int, count: int) -> np.ndarray:
    return np.cos(np.pi / side * np.outer(np.arange(count), np.arange(side) + 0.5))


def _nibbles(levels: list[int]) -> bytes:
    padded = [*levels, 0] if len(levels) % 2 else levels
    return bytes(low | high << 4 for low, high in zip(padded[::2], padded[1::2], strict=True))


def _rounded(value: float) -> int:
    """Rounds halves up, as the reference implementation does."""
    return math.floor(value + 0.5)
