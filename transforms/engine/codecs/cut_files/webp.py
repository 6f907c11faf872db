"""A WebP that ends too early: the whole frames of an animation, and the rows that libwebp draws of a still.

Pillow does not offer libwebp's incremental decoder; it is called in the library that Pillow itself is linked with.
"""

import ctypes
import struct
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, _webp

from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError

PIXELS, FRAME, PROFILE = {b"VP8 ", b"VP8L"}, b"ANMF", b"ICCP"
RGBA, CHANNELS = 1, 4
MOST_CHUNKS = 50_000  # a frame is one
INTEGER, POINTER, SIZE = ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t


class Chunk(NamedTuple):
    """A chunk of the file, from its name on, which may end early."""

    name: bytes
    data: bytes
    is_whole: bool


def _incremental_decoder() -> ctypes.CDLL | None:
    """The functions of libwebp, found as the dependency of Pillow's own module; None where it hides them."""
    try:
        library = ctypes.CDLL(_webp.__file__)
        library.WebPINewRGB.argtypes, library.WebPINewRGB.restype = (INTEGER, POINTER, SIZE, INTEGER), POINTER
        library.WebPIAppend.argtypes, library.WebPIAppend.restype = (POINTER, ctypes.c_char_p, SIZE), INTEGER
        library.WebPIDecGetRGB.argtypes = (POINTER, *[ctypes.POINTER(INTEGER)] * 4)
        library.WebPIDecGetRGB.restype = POINTER
        library.WebPIDelete.argtypes, library.WebPIDelete.restype = (POINTER,), None
    except (AttributeError, OSError):
        return None
    return library


LIBRARY = _incremental_decoder()


def whole_chunks(data: bytes) -> bytes:
    """The file of the frames that are whole; a still as it is. Raises broken_image where nothing of it can be drawn."""
    chunks = list(islice(_chunks(data), MOST_CHUNKS + 1))
    if len(chunks) > MOST_CHUNKS:
        raise EngineError("broken_image", f"The WebP has more than {MOST_CHUNKS} chunks, which no picture needs.")
    whole = [chunk for chunk in chunks if chunk.is_whole]
    if any(chunk.name in PIXELS | {FRAME} for chunk in whole):
        body = b"WEBP" + b"".join(chunk.data for chunk in whole)
        return b"RIFF" + struct.pack("<I", len(body)) + body
    if LIBRARY is None or not chunks or chunks[-1].name not in PIXELS:
        raise EngineError("broken_image", "The picture ends too early: of this WebP nothing can be drawn.")
    return data


class PartialFile(ImageFile.ImageFile):
    """A still WebP that ends early, for Pillow: what is missing is clear."""

    format = "WEBP"
    format_description = "WebP"

    def _open(self) -> None:
        assert self.fp is not None  # ImageFile has opened it
        self._data = self.fp.read()
        size = sniffing.webp_size(self._data)
        if size is None:
            raise SyntaxError("The header is cut off.")
        self._size, self._mode, self._is_loaded = size, "RGBA", False
        profile = next((chunk.data[8:] for chunk in _chunks(self._data) if chunk.name == PROFILE), None)
        if profile:
            self.info["icc_profile"] = profile

    def load(self) -> None:
        """Decode the rows that are there. Raises broken_image where none is."""
        if self._is_loaded:
            return
        levels = np.zeros((self._size[1], self._size[0], CHANNELS), np.uint8)
        rows = _decoded(self._data, levels)
        if not rows:
            raise EngineError("broken_image", "The picture ends too early: none of its pixels are there.")
        levels[rows:] = 0
        self.im, self._is_loaded = Image.fromarray(levels).im, True


def _decoded(data: bytes, levels: np.ndarray) -> int:
    """Decode what there is to an array of RGBA, and return how many of its rows are drawn."""
    assert LIBRARY is not None  # whole_chunks has looked
    decoder = LIBRARY.WebPINewRGB(RGBA, levels.ctypes.data, levels.nbytes, levels.strides[0])
    if not decoder:
        raise MemoryError("libwebp")
    try:
        LIBRARY.WebPIAppend(decoder, data, len(data))
        last, width, height, stride = (INTEGER(0) for _ in range(4))
        is_begun = LIBRARY.WebPIDecGetRGB(decoder, *map(ctypes.byref, (last, width, height, stride)))
        is_ours = (height.value, width.value) == levels.shape[:2]
        return last.value if is_begun and is_ours else 0
    finally:
        LIBRARY.WebPIDelete(decoder)


def _chunks(data: bytes) -> Iterator[Chunk]:
    offset = 12
    while offset + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, offset)
        length = 8 + size + size % 2
        part = data[offset : offset + length]
        is_whole = len(part) >= 8 + size
        yield Chunk(name, part.ljust(length, b"\0") if is_whole else part, is_whole)
        offset += length
