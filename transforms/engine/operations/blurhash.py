"""BlurHash: a picture in 36 characters, and back."""

import blurhash_rs
from PIL import Image

from transforms.engine import resampling
from transforms.engine.codecs import encode
from transforms.engine.errors import EngineError

COMPONENTS = 4
# The hash has four components a side: more pixels than this do not change it noticeably.
ENCODED_SIDE = 64
# Decoded at this size and enlarged, no pixel differs visibly, and a large picture costs no more than a small one.
DRAWN_SIDE = 256


def encode_image(image: Image.Image) -> str:
    """The hash of an RGB or RGBA picture with 4 x 4 components; transparency is flattened on white."""
    small = encode.flattened(resampling.resized(image, _within(image.size, ENCODED_SIDE), Image.Resampling.BOX))
    return blurhash_rs.blurhash_encode(small, COMPONENTS, COMPONENTS)


def draw(blurhash: str, size: tuple[int, int], punch: float) -> Image.Image:
    """The hash as an RGB picture of `size` pixels; `punch` multiplies its contrast.

    A hash that cannot be read is an invalid_parameter.
    """
    try:
        image = blurhash_rs.blurhash_decode(blurhash, *_within(size, DRAWN_SIDE), punch=float(punch))
    except blurhash_rs.BlurhashDecodeError as error:
        raise EngineError("invalid_parameter", f"blurhash is not valid: {error}.", "blurhash") from error
    return image if image.size == size else resampling.resized(image, size, Image.Resampling.BICUBIC)


def _within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """`size` scaled down so that neither side is longer than `side`; never below one pixel."""
    scale = min(1.0, side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
