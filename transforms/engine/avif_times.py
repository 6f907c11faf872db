"""Takes the time of writing out of an animated AVIF, so that one picture always has the same bytes."""

from transforms.engine import avif_boxes

# Headers that begin with two times.
TIMED = {b"mvhd", b"tkhd", b"mdhd"}


def cleared(body: bytes) -> bytes:
    """The file with every time of creation and modification set to 0, which means not known."""
    data = bytearray(body)
    for _, offset in avif_boxes.headers(data, TIMED):
        start, length = offset + avif_boxes.FULL_HEAD, 16 if avif_boxes.is_wide(data, offset) else 8
        data[start : start + length] = bytes(length)
    return bytes(data)
