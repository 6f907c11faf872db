"""CIEDE2000 is what its authors published, and two pictures differ where they are seen to."""

import numpy as np
import pytest
from PIL import Image

from transforms.engine import colour_difference

BLUE, RED = (50, 0, -82.7485), (50, 2.5, 0)
NEAR_GREY, ACROSS = (50, 2.49, -0.001), (50, -0.001, 2.49)
PUBLISHED = [
    ((50, 2.6772, -79.7751), BLUE, 2.0425),
    ((50, 3.1571, -77.2803), BLUE, 2.8615),
    ((50, 2.8361, -74.0200), BLUE, 3.4412),
    ((50, -1.3802, -84.2814), BLUE, 1.0000),
    ((50, -1.1848, -84.8006), BLUE, 1.0000),
    ((50, -0.9009, -85.5211), BLUE, 1.0000),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, -1, 2), (50, 0, 0), 2.3669),
    (NEAR_GREY, (50, -2.49, 0.0009), 7.1792),
    (NEAR_GREY, (50, -2.49, 0.0010), 7.1792),
    (NEAR_GREY, (50, -2.49, 0.0011), 7.2195),
    (NEAR_GREY, (50, -2.49, 0.0012), 7.2195),
    (ACROSS, (50, 0.0009, -2.49), 4.8045),
    (ACROSS, (50, 0.0010, -2.49), 4.8045),
    (ACROSS, (50, 0.0011, -2.49), 4.7461),
    (RED, (50, 0, -2.5), 4.3065),
    (RED, (73, 25, -18), 27.1492),
    (RED, (61, -5, 29), 22.8977),
    (RED, (56, -27, -3), 31.9030),
    (RED, (58, 24, 15), 19.4535),
    (RED, (50, 3.1736, 0.5854), 1.0000),
    (RED, (50, 3.2972, 0), 1.0000),
    (RED, (50, 1.8634, 0.5757), 1.0000),
    (RED, (50, 3.2592, 0.3350), 1.0000),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((61.2901, 3.7196, -5.3901), (61.4292, 2.2480, -4.9620), 1.8731),
    ((35.0831, -44.1164, 3.7933), (35.0232, -40.0716, 1.5901), 1.8645),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((36.4612, 47.8580, 18.3852), (36.2715, 50.5065, 21.2231), 1.4146),
    ((90.8027, -2.0831, 1.4410), (91.1528, -1.6435, 0.0447), 1.4441),
    ((90.9257, -0.5406, -0.9208), (88.6381, -0.8985, -0.7239), 1.5381),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


def test_the_published_pairs_are_all_there():
    assert len(PUBLISHED) == 34


@pytest.mark.parametrize(("one", "other", "expected"), PUBLISHED)
def test_ciede2000_gives_the_published_differences(one, other, expected):
    """Sharma, Wu and Dalal 2005, table 1; the two hues of the 14th are opposite to within the table's digits."""
    for a, b in ((one, other), (other, one)):
        assert float(colour_difference.delta_e(np.array(a, float), np.array(b, float))) == pytest.approx(
            expected, abs=1e-4
        )


def test_white_and_black_are_at_the_ends_of_lab():
    levels = np.array([[255, 255, 255], [0, 0, 0]], np.uint8)
    assert colour_difference.lab(levels) == pytest.approx(np.array([[100, 0, 0], [0, 0, 0]]), abs=0.01)
    assert colour_difference.lab(levels.astype(float)) == pytest.approx(colour_difference.lab(levels))


def test_pictures_differ_where_they_differ_and_by_strips_as_at_once(monkeypatch):
    noise = np.random.default_rng(5).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    changed = noise.copy()
    changed[11, 7] = 255 - changed[11, 7]
    one, other = Image.fromarray(noise), Image.fromarray(changed)
    differences = colour_difference.of_pictures(one, other)
    assert list(zip(*np.nonzero(differences), strict=True)) == [(11, 7)]
    monkeypatch.setattr(colour_difference, "STRIP_PIXELS", 70)
    assert (colour_difference.of_pictures(one, other) == differences).all()


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)], ids=["white", "black"])
def test_a_pixel_that_is_clear_in_one_of_them_differs_whatever_its_colour(colour):
    clear, opaque = (Image.new("RGBA", (2, 2), (*colour, alpha)) for alpha in (0, 255))
    assert colour_difference.of_pictures(clear, opaque).min() > 90
    assert colour_difference.of_pictures(clear, Image.new("RGBA", (2, 2), (9, 9, 9, 0))).max() == 0
