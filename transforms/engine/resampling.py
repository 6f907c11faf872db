"""Resizes pictures: with cykooz.resizer (Rust, SIMD), or with Pillow where that is not installed or is not to be used.

The filters are the same, premultiplied where there is alpha; levels differ by one here and there, also between kinds of
SIMD. Nothing else of the engine calls a resize of its own.
"""

import functools
import importlib
import math
from types import ModuleType

from PIL import Image

Box = tuple[float, float, float, float]
SIMD, PILLOW = "simd", "pillow"
KERNELS = (SIMD, PILLOW)
# What Pillow calls a filter, and what the Rust library does.
FILTERS = {
    Image.Resampling.BOX: "box",
    Image.Resampling.BILINEAR: "bilinear",
    Image.Resampling.BICUBIC: "catmull_rom",
    Image.Resampling.LANCZOS: "lanczos3",
}
MODES = ("L", "RGB", "RGBA", "F")

_chosen = [SIMD]


def use(kernel: str) -> None:
    """Set the kernel, one of KERNELS; a render process does so before its first job."""
    if kernel not in KERNELS:
        raise ValueError(kernel)
    _chosen[:] = [kernel]


def kernel() -> str:
    """The kernel that resizes: the one that was chosen, and Pillow where there is no wheel of the other."""
    return SIMD if _chosen == [SIMD] and _library() else PILLOW


def resized(
    image: Image.Image,
    size: tuple[int, int],
    resampling: Image.Resampling = Image.Resampling.LANCZOS,
    box: Box | None = None,
    reducing_gap: float | None = None,
) -> Image.Image:
    """A part of a picture (left, top, right, bottom; by default the whole) at a size in pixels.

    Beyond `reducing_gap` times the size Pillow averages pixels first, which is faster and looks the same; the other
    kernel has no need of that.
    """
    library = _library() if kernel() == SIMD and image.mode in MODES else None
    if library is None:
        return image.resize(size, resampling, box, reducing_gap)
    if size == image.size and box in (None, (0, 0, *size)):
        return image.copy()
    options = library.ResizeOptions(
        resize_alg=library.ResizeAlg.convolution(getattr(library.FilterType, FILTERS[resampling]))
    )
    if box is not None:
        options.crop_box = library.CropBox(*_within(image.size, box))
    result = Image.new(image.mode, size)
    # A new one each time: it keeps the largest buffer that it has needed.
    library.Resizer().resize_pil(image, result, options)
    return result


def _within(size: tuple[int, int], box: Box) -> Box:
    """Left, top, width and height; left + width, as floats add up, is within the picture, or the library refuses it."""
    lefts = []
    for start, end, side in zip(box[:2], box[2:], size, strict=True):
        length = end - start
        while start + length > side:
            length = math.nextafter(length, 0)
        lefts.append((start, length))
    (left, width), (top, height) = lefts
    return left, top, width, height


@functools.cache
def _library() -> ModuleType | None:
    """Not at the top: 9 MB that a process which draws nothing need not map, and a machine may have no wheel."""
    try:
        return importlib.import_module("cykooz_resizer")
    except ImportError:
        return None
