"""A seeded picture of 12 megapixels with the weight of a photograph: soft shapes, edges, and a grain."""

from io import BytesIO

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 4_000, 3_000
QUALITY = 90


def jpeg() -> bytes:
    """The bytes of its file, about 4 MB."""
    random = np.random.default_rng(12)
    blobs = Image.fromarray(random.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.BICUBIC
    )
    edges = Image.fromarray(random.integers(0, 256, (150, 200, 3), dtype=np.uint8)).resize(
        (WIDTH, HEIGHT), Image.Resampling.NEAREST
    )
    levels = np.asarray(Image.blend(blobs, edges, 0.15), dtype=np.int16)
    grain = random.integers(-9, 10, (HEIGHT, WIDTH, 1), dtype=np.int16)
    buffer = BytesIO()
    Image.fromarray(np.clip(levels + grain, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()
