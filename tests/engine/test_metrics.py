"""The rulers measure what they say: published pairs, and pictures whose likeness is known."""

import numpy as np
import pytest

from tests.engine import metrics, pictures


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 3.1571, -77.2803), (50, 0, -82.7485), 2.8615),
        ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0000),
        ((50, 2.5, 0), (73, 25, -18), 27.1492),
        ((50, 2.5, 0), (50, 3.2592, 0.3350), 1.0000),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_ciede2000_gives_the_published_differences(one, other, expected):
    """Sharma, Wu and Dalal 2005, table 1."""
    assert float(metrics.delta_e(np.array(one, float), np.array(other, float))) == pytest.approx(expected, abs=1e-4)


def test_ssim_falls_with_noise_and_is_one_for_equals():
    image = pictures.shaded()
    levels = np.asarray(image).astype(int)
    noise = np.random.default_rng(3).normal(0, 1, levels.shape)
    similarities = [
        metrics.ssim(image, pictures.Image.fromarray(np.clip(levels + noise * factor, 0, 255).astype(np.uint8)))
        for factor in (0, 2, 8, 30)
    ]
    assert (
        similarities[0] == pytest.approx(1)
        and similarities == sorted(similarities, reverse=True)
        and similarities[-1] < 0.3
    )
