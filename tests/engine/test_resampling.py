"""Resizing by either kernel: the same pictures to within a level or two."""

import platform
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.engine import pictures
from transforms.engine import resampling
from transforms.engine.job import Job
from transforms.render import process
from transforms.render.pool import Pool

ENGINE = Path(resampling.__file__).parent
has_library = pytest.mark.skipif(resampling.kernel() != resampling.SIMD, reason="cykooz.resizer has no wheel here")
# Levels that the two may differ by, on average and at most: each rounds its weights and its first pass by itself.
MEAN, MOST = 0.25, 4
LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC
BOX, BILINEAR = Image.Resampling.BOX, Image.Resampling.BILINEAR


def textured(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    random = np.random.default_rng(5)
    image = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(size, BICUBIC).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(size))
    return image


def by_both(image: Image.Image, *arguments, monkeypatch) -> tuple[Image.Image, Image.Image]:
    results = []
    for kernel in resampling.KERNELS:
        monkeypatch.setattr(resampling, "_chosen", [kernel])
        assert resampling.kernel() == kernel
        results.append(resampling.resized(image, *arguments))
    return results[0], results[1]


def seen(image: Image.Image) -> np.ndarray:
    """Premultiplied, since the colour of what is clear is seen by nobody."""
    return np.asarray(image.convert("RGBa") if image.mode == "RGBA" else image).astype(float)


@has_library
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "F"])
@pytest.mark.parametrize(
    ("size", "resampling_filter", "box"),
    [
        ((80, 60), LANCZOS, None),
        ((640, 481), LANCZOS, None),
        ((97, 120), LANCZOS, (10.3, 20.7, 199.9, 201.2)),
        ((50, 50), LANCZOS, (0.1, 0.0, 320.0, 240.0)),
        ((320, 240), LANCZOS, (0.0, 0.0, 320.0, 240.0)),
        ((320, 90), BICUBIC, None),
        ((33, 21), BOX, None),
        ((33, 21), BILINEAR, None),
        ((1, 1), LANCZOS, None),
    ],
)
def test_both_kernels_give_the_same_picture(mode, size, resampling_filter, box, monkeypatch):
    one, other = by_both(textured((320, 240), mode), size, resampling_filter, box, monkeypatch=monkeypatch)
    assert (one.mode, one.size) == (other.mode, other.size) == (mode, size)
    difference = np.abs(seen(one) - seen(other))
    assert difference.mean() <= MEAN and difference.max() <= MOST


@has_library
def test_a_picture_of_several_blocks_of_memory_comes_out_the_same(monkeypatch):
    """Pillow allocates in blocks of 16 MB."""
    one, other = by_both(textured((3000, 2000)), (300, 200), monkeypatch=monkeypatch)
    assert np.abs(seen(one) - seen(other)).max() <= MOST


@has_library
def test_each_kind_of_simd_differs_by_a_level_at_most(monkeypatch):
    library = resampling._library()
    results = []
    for kind in ("none", "sse4_1", "avx2") if platform.machine() == "x86_64" else ("none", "neon"):
        image, result = textured((320, 240), "RGBA"), Image.new("RGBA", (90, 70))
        resizer = library.Resizer()
        resizer.cpu_extensions = getattr(library.CpuExtensions, kind)
        resizer.resize_pil(image, result, library.ResizeOptions())
        results.append(seen(result))
    assert max(np.abs(results[0] - other).max() for other in results[1:]) <= 1


@pytest.mark.parametrize("kernel", resampling.KERNELS)
def test_clear_pixels_give_nothing_of_their_colour(kernel, monkeypatch):
    monkeypatch.setattr(resampling, "_chosen", [kernel])
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 20, 40))
    small = np.asarray(resampling.resized(image, (9, 9)))
    assert small[small[..., 3] > 8][:, 0].max() <= 2


@pytest.mark.parametrize("mode", ["1", "LA", "I;16", "CMYK"])
def test_modes_that_one_kernel_does_not_take_are_pillows(mode):
    image = Image.new(mode, (40, 30))
    assert resampling.resized(image, (20, 15), BOX).mode == mode


@pytest.mark.parametrize("kernel", resampling.KERNELS)
def test_a_render_process_resizes_with_the_kernel_it_is_told(kernel):
    source = pictures.saved(textured((320, 240)), "PNG")
    pool = Pool(1, 30.0, 1_500_000_000, 8, argv=(*process.CHILD, "--resize", kernel), spares=0, wait_seconds=60.0)
    try:
        output = pool.run(Job("transform", {"w": 80}, "png", (source,)))
    finally:
        pool.close()
    expected = textured((320, 240)).resize((80, 60), LANCZOS)
    assert np.abs(seen(pictures.seen(output)) - seen(expected)).max() <= (MOST if kernel == resampling.SIMD else 0)


def test_without_the_library_pillow_resizes():
    code = (
        "import sys; sys.modules['cykooz_resizer'] = None\n"
        "from PIL import Image; from transforms.engine import resampling\n"
        "assert resampling.kernel() == 'pillow' and resampling.resized(Image.new('RGB', (9, 9)), (3, 3)).size == (3, 3)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=process.ROOT)


def test_nothing_else_of_the_engine_resizes_by_itself():
    calls = {
        str(path.relative_to(ENGINE)) for path in ENGINE.rglob("*.py") if re.search(r"\.resize\(", path.read_text())
    }
    assert calls == {"resampling.py"}
