"""SSIM measures what it says: pictures whose likeness is known."""

import numpy as np
import pytest

from tests.engine import metrics, pictures


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
