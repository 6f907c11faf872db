"""Small files that a decoder would go over for minutes."""

import io
import struct
import zlib

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
        (256, 4, size[0]),
        (257, 4, size[1]),
        (258, 3, 8),
        (259, 3, 7),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, size[1]),
        (279, 4, len(stream)),
    ]
    return _tiff(entries, stream)


def wide_tiles(size: tuple[int, int], tile: tuple[int, int]) -> bytes:
    """A grey TIFF of one tile that is said to be of the size `tile`."""
    entries = [
        (256, 4, size[0]),
        (257, 4, size[1]),
        (258, 3, 8),
        (259, 3, 1),
        (262, 3, 1),
        (277, 3, 1),
        (322, 4, tile[0]),
        (323, 4, tile[1]),
        (324, 4, 8),
        (325, 4, 4),
    ]
    return _tiff(entries, b"\0" * 4)


def _tiff(entries: list[tuple[int, int, int]], body: bytes) -> bytes:
    """A little-endian TIFF: its picture's bytes at 8, its directory after them."""
    padded = body + b"\0" * (len(body) % 2)
    directory = struct.pack("<H", len(entries))
    directory += b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
    return b"II*\0" + struct.pack("<I", 8 + len(padded)) + padded + directory + struct.pack("<I", 0)


def _png_chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def saved(name: str, **options) -> bytes:
    """A small picture of a format, its end included."""
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(target, name, **options)
    return target.getvalue()


def png_of_chunks(count: int, name: bytes = b"tEXt") -> bytes:
    """A PNG with so many empty chunks more, before its pixels."""
    data = saved("PNG")
    return data[:33] + _png_chunk(name) * count + data[33:]


def apng_of_pieces(count: int) -> bytes:
    """An animation whose second frame is stored in so many pieces, all but the last one empty."""
    frames = [Image.new("RGB", (40, 30), name) for name in ("red", "blue")]
    target = io.BytesIO()
    frames[0].save(target, "PNG", save_all=True, append_images=frames[1:])
    data = target.getvalue()
    at = data.index(b"fdAT") - 4
    end = at + 12 + int.from_bytes(data[at : at + 4], "big")
    pieces = [_png_chunk(b"fdAT", struct.pack(">I", 2 + number)) for number in range(count)]
    last = _png_chunk(b"fdAT", struct.pack(">I", 2 + count) + data[at + 12 : end - 4])
    return data[:at] + b"".join(pieces) + last + data[end:]


def gif_of_blocks(block: bytes, count: int) -> bytes:
    """A GIF with so many blocks more, before its image."""
    data = saved("GIF")
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    return data[:at] + block * count + data[at:]


def jpeg_with_fill(fill: bytes) -> bytes:
    """A JPEG with bytes before its first segment that belong to none."""
    data = saved("JPEG")
    return data[:2] + fill + data[2:]


def jpeg_of_resources(count: int) -> bytes:
    """A JPEG with so many of Photoshop's resources, all empty."""
    resources, parts = b"8BIM\4\4\0\0\0\0\0\0" * 5_000, []
    for number in range(0, count, 5_000):
        body = b"Photoshop 3.0\0" + resources[: 12 * min(5_000, count - number)]
        parts.append(b"\xff\xed" + struct.pack(">H", len(body) + 2) + body)
    return jpeg_with_fill(b"".join(parts))


def tiff_of_strips(count: int, *, is_big: bool = False) -> bytes:
    """A grey TIFF of 40 by 30 pixels that names so many strips, the right ones first."""
    strips = struct.pack("<30Q" if is_big else "<30I", *range(16, 16 + 1_200, 40))
    strips += strips[:8] * max(0, count - 30) if is_big else strips[:4] * max(0, count - 30)
    lengths = struct.pack("<30I", *[40] * 30)
    entries = [
        (256, 4, 1, 40),
        (257, 4, 1, 30),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 16 if is_big else 4, max(30, count), 16 + 1_200 + len(lengths)),
        (277, 3, 1, 1),
        (278, 4, 1, 1),
        (279, 4, 30, 16 + 1_200),
    ]
    at = 16 + 1_200 + len(lengths) + len(strips)
    form, end = ("<HHQQ", bytes(8)) if is_big else ("<HHII", bytes(4))
    directory = struct.pack("<Q" if is_big else "<H", len(entries))
    directory += b"".join(struct.pack(form, *entry) for entry in entries) + end
    head = b"II+\0" + struct.pack("<HHQ", 8, 0, at) if is_big else b"II*\0" + struct.pack("<IQ", at, 0)
    return head + bytes(1_200) + lengths + strips + directory


def big_tiff_of_tags(count: int) -> bytes:
    """A BigTIFF whose directory has so many tags more, all of them unknown."""
    data = tiff_of_strips(30, is_big=True)
    (at,) = struct.unpack_from("<Q", data, 8)
    more = b"".join(struct.pack("<HHQQ", 40_000 + number % 20_000, 3, 1, 0) for number in range(count))
    return data[:at] + struct.pack("<Q", 9 + count) + data[at + 8 : -8] + more + bytes(8)
