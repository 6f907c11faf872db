"""Clears the timestamps of an animated AVIF, so that the same picture always has the same bytes."""

from transforms.engine.containers import avif_boxes

# Headers that start with two timestamps.
TIMED = {b"mvhd", b"tkhd", b"mdhd"}


def cleared(body: bytes) -> bytes:
    """The file with every creation and modification time set to 0, which means unknown."""
    data = bytearray(body)
    for _, offset in avif_boxes.headers(data, TIMED):
        start, length = offset + avif_boxes.FULL_HEAD, 16 if avif_boxes.is_wide(data, offset) else 8
        data[start : start + length] = bytes(length)
    return bytes(data)
