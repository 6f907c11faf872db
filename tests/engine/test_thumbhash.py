"""ThumbHash: the same bytes as its first writer's program gives, and small ones."""

import base64

import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine.operations import thumbhash

# Written by the npm package thumbhash 0.1.1 from the same pixels.
REFERENCES = [
    (pictures.shaded(100, 60), "HwgGbJqAh4eAh4h4eIeAcAj4dw=="),
    (pictures.shaded(40, 100), "HwgGaxqAgIeHh4iHgHAI+Hg="),
    (pictures.shaded(100, 3), "H/gFkaSCh4eAh4iHgnAo+Hc="),
    (pictures.noisy(90, 70), "4AcCBYD6yqqYKoSJpYVWmI93V3+t"),
    (Image.new("RGBA", (20, 20), (255, 0, 0, 0)), "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="),
]


@pytest.mark.parametrize(("image", "expected"), REFERENCES)
def test_the_bytes_are_those_of_the_reference(image, expected):
    assert thumbhash.encode_image(image) == expected


def test_it_says_whether_there_is_transparency_and_which_way_the_picture_lies():
    clear = pictures.shaded(60, 40).convert("RGBA")
    clear.putalpha(Image.linear_gradient("L").resize((60, 40)))
    for image, alpha, wide in ((clear, True, True), (pictures.shaded(40, 60), False, False)):
        hash_bytes = base64.b64decode(thumbhash.encode_image(image))
        assert (bool(hash_bytes[2] & 0x80), bool(hash_bytes[4] & 0x80)) == (alpha, wide)


@pytest.mark.parametrize("size", [(1, 1), (4000, 30), (30, 4000), (2000, 2000)])
def test_any_shape_has_a_short_hash(size):
    """I15"""
    assert 5 <= len(base64.b64decode(thumbhash.encode_image(Image.new("RGB", size, (9, 99, 199))))) <= 25
