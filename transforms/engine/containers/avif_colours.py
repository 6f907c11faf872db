"""What an AVIF says of its colours by code points: its first `colr` box of type `nclx` (ISO/IEC 23000-22, 14496-12)."""

import struct

from transforms.engine.profiles import named
from transforms.engine.profiles.named import NamedColours

HEADER_BYTES = 65_536
BOX = b"colrnclx"


def read(data: bytes) -> NamedColours:
    """sRGB where there is none. The box is looked for by its name alone: of several, as of a picture and its alpha or
    its thumbnail, encoders write one for all."""
    offset = data.find(BOX, 0, HEADER_BYTES) + len(BOX)
    if offset < len(BOX) or offset + 4 > len(data):
        return named.SRGB
    return named.of_avif_code_points(*struct.unpack_from(">HH", data, offset))
