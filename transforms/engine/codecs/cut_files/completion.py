"""Makes of a file that ends too early one that its decoder takes."""

import struct

from PIL import Image

from transforms.engine.codecs.cut_files import tiff, webp
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError


def completed(name: str, data: bytes, most_pixels: int) -> tuple[bytes, Image.Image | None]:
    """The file to decode, and for a TIFF which pixels of it are stored (L, 255). Raises broken_image, which names the
    format, where nothing of it can be drawn."""
    if name == "WEBP" and sniffing.is_cut_short(name, data):
        return webp.whole_chunks(data), None
    if name == "AVIF" and _ends_in_a_box(data):
        raise EngineError("broken_image", "The picture ends too early: no part of an AVIF can be drawn.")
    if name != "TIFF":
        return data, None
    data, stored = tiff.completed(data, most_pixels)
    if stored is None:
        raise EngineError("broken_image", "The picture ends too early: no strip or tile of the TIFF can be drawn.")
    return data, stored


def _ends_in_a_box(data: bytes) -> bool:
    offset = 0
    while offset + 8 <= len(data):
        (size,) = struct.unpack_from(">I", data, offset)
        if size == 1 and offset + 16 <= len(data):
            (size,) = struct.unpack_from(">Q", data, offset + 8)
        if size < 8:
            return False
        offset += size
    return offset != len(data)
