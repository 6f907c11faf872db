"""Similarity of two pictures: SSIM on luma, by the worst parts.

Wang, Bovik, Sheikh, Simoncelli: Image Quality Assessment (2004), with flat windows of 8 x 8 pixels, 4 pixels apart.
"""

import numpy as np
from PIL import Image

STEP = 4
# The constants of the paper for levels of 0 to 255.
C1, C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
WORST_PERCENT = 5
LEAST_SIDE = 2 * STEP


def windows(one: Image.Image, other: Image.Image) -> np.ndarray:
    """The SSIM of each window of two RGB pictures of one size, 1 where they are equal; a side needs 8 pixels."""
    a, b = (np.asarray(image.convert("L"), dtype=np.float64) for image in (one, other))
    mean_a, mean_b = _means(a), _means(b)
    spread = _means(a * a) - mean_a**2 + _means(b * b) - mean_b**2
    shared = _means(a * b) - mean_a * mean_b
    means = mean_a**2 + mean_b**2
    return (2 * mean_a * mean_b + C1) * (2 * shared + C2) / ((means + C1) * (spread + C2))


def average(one: Image.Image, other: Image.Image) -> float:
    """The mean of all windows: the usual SSIM."""
    return float(windows(one, other).mean())


def worst(one: Image.Image, other: Image.Image, tile: tuple[int, int] | None = None) -> float:
    """The value that 95 of 100 windows reach: in a mean, large smooth areas hide artefacts beside them.

    Of pictures made of tiles (width and height, multiples of 4), windows near the seams are meaningless and left out.
    """
    values = windows(one, other)
    if tile:
        columns, rows = (_away_from_seams(count, side) for count, side in zip(values.shape[::-1], tile, strict=True))
        values = values[np.ix_(rows, columns)]
    return float(np.percentile(values, WORST_PERCENT))


def _away_from_seams(count: int, side: int) -> np.ndarray:
    """Which of `count` windows keep a window's width from where tiles of `side` pixels meet."""
    begins = np.arange(count) * STEP % side
    return np.flatnonzero((begins >= LEAST_SIDE) & (begins <= side - 2 * LEAST_SIDE))


def _means(plane: np.ndarray) -> np.ndarray:
    """Means of windows of 8 x 8 out of sums of 4 x 4."""
    rows, columns = (side // STEP for side in plane.shape)
    sums = plane[: rows * STEP, : columns * STEP].reshape(rows, STEP, columns, STEP).sum(axis=(1, 3))
    return (sums[:-1, :-1] + sums[1:, :-1] + sums[:-1, 1:] + sums[1:, 1:]) / LEAST_SIDE**2
