"""The measure of quality=auto: SSIM on luma, and its worst twentieth."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from tests.engine import pictures
from transforms.engine.codecs import ssim


def photograph() -> Image.Image:
    """Smooth shades with a textured middle."""
    image = pictures.shaded(320, 240)
    image.paste(pictures.noisy(80, 60), (120, 90))
    return image


def test_equal_pictures_are_wholly_alike():
    assert ssim.average(photograph(), photograph()) == pytest.approx(1)
    assert ssim.worst(photograph(), photograph()) == pytest.approx(1)


def test_it_is_the_formula_of_the_paper():
    """Wang et al. 2004, equation 13, on the one window of an 8 x 8 picture."""
    one, other = (np.asarray(pictures.noisy(8, 8).convert("L"), dtype=float), np.full((8, 8), 90.0))
    means, covariance = one.mean() * other.mean(), ((one - one.mean()) * (other - other.mean())).mean()
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    numerator = (2 * means + c1) * (2 * covariance + c2)
    denominator = (one.mean() ** 2 + other.mean() ** 2 + c1) * (one.var() + other.var() + c2)
    similarities = ssim.windows(pictures.noisy(8, 8), Image.new("RGB", (8, 8), (90, 90, 90)))
    assert similarities == pytest.approx(numerator / denominator, abs=1e-6) and similarities.shape == (1, 1)


def test_more_damage_is_less_alike():
    image = photograph()
    similarities = [ssim.worst(image, image.filter(ImageFilter.GaussianBlur(radius))) for radius in (0.5, 1, 2, 4)]
    assert similarities == sorted(similarities, reverse=True) and similarities[0] > similarities[3] + 0.2


def test_a_spoilt_corner_shows_in_the_worst_and_hardly_in_the_average():
    image = pictures.shaded(320, 240)
    image.paste(pictures.noisy(100, 80), (0, 0))
    damaged_image = image.copy()
    damaged_image.paste(image.crop((0, 0, 100, 80)).filter(ImageFilter.GaussianBlur(1)), (0, 0))
    assert ssim.average(image, damaged_image) > 0.9
    assert ssim.worst(image, damaged_image) < 0.5


def test_what_happens_at_the_seams_of_tiles_does_not_count():
    image = pictures.noisy(256, 256)
    damaged_image = image.copy()
    for at in (124, 0, 252):
        damaged_image.paste(pictures.WHITE, (at, 0, at + 8, 256))
        damaged_image.paste(pictures.WHITE, (0, at, 256, at + 8))
    assert ssim.worst(image, damaged_image, (128, 128)) == pytest.approx(1)
    assert ssim.worst(image, damaged_image) < 0.7


def test_an_even_shift_of_light_weighs_less_than_lost_detail():
    image = photograph()
    lighter, softer = image.point(lambda level: min(255, level + 6)), image.filter(ImageFilter.GaussianBlur(2))
    assert ssim.worst(image, lighter) > ssim.worst(image, softer) + 0.1
