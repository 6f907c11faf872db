"""PQ and HLG (ITU-R BT.2100) brought to sRGB as Chromium brings them to a screen without headroom.

The tone curve is the reference white tone mapping operator of SMPTE ST 2094-50 for a picture mastered at 1,000 cd/m²: a
line of slope one half up to reference white (203 cd/m²), then a quadratic Bézier to the peak.
"""

import numpy as np
from PIL import Image

from transforms.engine.profiles import cicp
from transforms.engine.profiles.icc import Primaries

REFERENCE_WHITE, PEAK = 203.0, 1_000.0  # cd/m²
LUMA = np.array((0.2627, 0.6780, 0.0593), np.float32)  # of BT.2020
HLG_SYSTEM_GAMMA = 1.2
KNEE, MIDDLE = (1.0, 0.5), (1.65, 0.825)
ROWS = 64


def to_srgb(image: Image.Image, transfer: int, primaries: Primaries) -> Image.Image:
    """An RGB picture of PQ or HLG levels as sRGB. A band of rows at a time, so that memory stays flat."""
    levels = np.asarray(image)
    to_2020 = _between(primaries, cicp.PRIMARIES[cicp.BT2020])
    to_709 = _between(cicp.PRIMARIES[cicp.BT2020], cicp.PRIMARIES[cicp.BT709])
    table = (_pq if transfer == cicp.PQ else _hlg)(np.arange(256, dtype=np.float32) / 255).astype(np.float32)
    out = np.empty_like(levels)
    for top in range(0, len(levels), ROWS):
        light = np.maximum(table[levels[top : top + ROWS]] @ to_2020, 0)
        if transfer == cicp.HLG:
            light *= PEAK / REFERENCE_WHITE * ((light @ LUMA) ** (HLG_SYSTEM_GAMMA - 1))[..., None]
        light *= _gain(light.max(axis=-1))[..., None]
        out[top : top + ROWS] = np.rint(encoded(light @ to_709) * 255)
    return Image.fromarray(out)


def _pq(level: np.ndarray) -> np.ndarray:
    """Light of PQ levels; 1 is reference white."""
    power = level ** (1 / 78.84375)
    light = (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    return 10_000 / REFERENCE_WHITE * light


def _hlg(level: np.ndarray) -> np.ndarray:
    """Scene light of HLG levels, 0 to 1."""
    return np.where(level <= 0.5, level**2 / 3, (np.exp((level - 0.55991073) / 0.17883277) + 0.28466892) / 12)


def _gain(brightest: np.ndarray) -> np.ndarray:
    """What light is multiplied by, after the brightest of its three channels."""
    peak = PEAK / REFERENCE_WHITE
    x = np.clip(brightest, KNEE[0], peak)
    a, b, c = KNEE[0] - 2 * MIDDLE[0] + peak, 2 * (MIDDLE[0] - KNEE[0]), KNEE[0] - x
    t = (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)
    y = KNEE[1] * (1 - t) ** 2 + 2 * MIDDLE[1] * t * (1 - t) + t * t
    return np.where(brightest <= KNEE[0], KNEE[1] / KNEE[0], y / np.maximum(brightest, KNEE[0])).astype(np.float32)


def _between(source: Primaries, target: Primaries) -> np.ndarray:
    """The matrix from linear RGB of one to that of the other, for rows of pixels."""
    return (np.linalg.inv(_to_pcs(target)) @ _to_pcs(source)).T.astype(np.float32)


def _to_pcs(primaries: Primaries) -> np.ndarray:
    matrix = primaries.to_pcs()
    assert matrix is not None  # those of `cicp.PRIMARIES` span colours, all but XYZ, which `named` lets no HDR have
    return matrix


def encoded(light: np.ndarray) -> np.ndarray:
    """Levels of sRGB, 0 to 1, of linear light, which is clipped to that range."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
