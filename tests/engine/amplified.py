"""Small files that a decoder would go over for minutes."""

import io
import struct

from PIL import Image


def many_scans(scans: int, size: tuple[int, int] = (1_000, 1_000), after: bytes = b"") -> bytes:
    """A progressive JPEG whose last scan is there so often again that it has `scans`; `after` stands behind it."""
    target = io.BytesIO()
    Image.new("L", size, 128).save(target, "JPEG", progressive=True)
    data = target.getvalue()
    scan = data[data.rfind(b"\xff\xda") : -2]
    return data[:-2] + scan * (scans - data.count(b"\xff\xda")) + data[-2:] + after


def jpeg_in_tiff(stream: bytes, size: tuple[int, int]) -> bytes:
    """A grey TIFF whose one strip is a JPEG."""
    entries = [
        (256, 4, size[0]), (257, 4, size[1]), (258, 3, 8), (259, 3, 7), (262, 3, 1), (273, 4, 8), (277, 3, 1),
        (278, 4, size[1]), (279, 4, len(stream)),
    ]  # fmt: skip
    return _tiff(entries, stream)


def wide_tiles(size: tuple[int, int], tile: tuple[int, int]) -> bytes:
    """A grey TIFF of one tile that is said to be of the size `tile`."""
    entries = [
        (256, 4, size[0]), (257, 4, size[1]), (258, 3, 8), (259, 3, 1), (262, 3, 1), (277, 3, 1), (322, 4, tile[0]),
        (323, 4, tile[1]), (324, 4, 8), (325, 4, 4),
    ]  # fmt: skip
    return _tiff(entries, b"\0" * 4)


def _tiff(entries: list[tuple[int, int, int]], body: bytes) -> bytes:
    """A little-endian TIFF: its picture's bytes at 8, its directory after them."""
    padded = body + b"\0" * (len(body) % 2)
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + directory + struct.pack("<I", 0)
