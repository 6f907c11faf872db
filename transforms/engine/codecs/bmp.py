"""Decodes BMP (and what an ICO holds of it) as browsers do: every depth, bit fields, RLE, the headers of OS/2.

The format is Microsoft's and IBM's; what they leave open is as Chromium 156 draws it.
"""

import math
import struct
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image, ImageFile

FILE_HEADER, CORE_HEADER, INFO_HEADER = 14, 12, 40
WINDOWS_HEADERS = {INFO_HEADER, 52, 56, 108, 124}
OS2_HEADERS = {*range(16, 65, 4), 42, 46} - WINDOWS_HEADERS
HEADERS = {CORE_HEADER} | WINDOWS_HEADERS | OS2_HEADERS
WITH_ALPHA_MASK = 56
PLAIN, RLE8, RLE4, BIT_FIELDS, RLE24, ALPHA_BIT_FIELDS = 0, 1, 2, 3, 4, 6
WINDOWS_COMPRESSIONS = {PLAIN, RLE8, RLE4, BIT_FIELDS, ALPHA_BIT_FIELDS}
OS2_COMPRESSIONS = {PLAIN, RLE8, RLE4, RLE24}
UNREAD = {4: "JPEG inside", 5: "PNG inside", 11: "CMYK", 12: "CMYK", 13: "CMYK"}
DEPTHS = {1, 2, 4, 8, 16, 24, 32}
RLE_DEPTHS = {RLE8: 8, RLE4: 4, RLE24: 24}
ALPHA = 0xFF000000  # in what an ICO holds of 32 bits
MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
END_OF_LINE, END_OF_PICTURE, DELTA = 0, 1, 2
MOST_COMMANDS = 3_000_000
BAND = 256  # rows that are unpacked at once


class UnreadKind(ValueError):
    """A picture that is whole and of a kind that browsers do not read either; the message names it."""


@dataclass(frozen=True)
class Header:
    """`start` is where the pixels begin, `end` where the header does with its palette (RGB); `masks` of red, green,
    blue and alpha."""

    size: tuple[int, int]
    bits: int
    compression: int
    start: int
    end: int
    palette: bytes
    masks: tuple[int, ...]
    is_top_down: bool

    @property
    def stride(self) -> int:
        """Bytes of a row, which are a multiple of four."""
        return math.ceil(self.size[0] * self.bits / 32) * 4


class BmpFile(ImageFile.ImageFile):
    """A BMP for Pillow: the header is read at once, the pixels by `load`. With `is_cut` the pixels may end early: what
    is missing is clear."""

    format = "BMP"
    format_description = "BMP"
    is_cut = False

    def _open(self) -> None:
        assert self.fp is not None  # ImageFile has opened it
        self._data = self.fp.read()
        self._header = header(self._data)
        self._size = self._header.size
        self._mode = "RGBA" if self._header.masks[3] else "RGB"
        self._pixels: Image.Image | None = None

    def load(self) -> None:
        """Decode the pixels. Raises ValueError where some are missing."""
        if self._pixels is None:
            self._pixels = pixels(self._data, self._header, self.is_cut)
            self._mode, self.im = self._pixels.mode, self._pixels.im


def opened(data: bytes, cut: bool = False) -> BmpFile:
    """The picture with its header read. Raises ValueError for a header that is not read."""
    image = BmpFile(BytesIO(data))
    image.is_cut = cut
    return image


class IconFile(ImageFile.ImageFile):
    """The BMP of an ICO for Pillow: a picture and its mask, whose rows the height counts both."""

    format = "ICO"
    format_description = "ICO"

    def _open(self) -> None:
        assert self.fp is not None  # ImageFile has opened it
        self._data = self.fp.read()
        head = header(self._data, 0, 0)
        width, height = head.size
        masks = (*head.masks[:3], head.masks[3] or (ALPHA if head.bits == 32 and head.compression == PLAIN else 0))
        self._header = replace(head, size=(width, (height + 1) // 2), start=head.end, masks=masks)
        self._size, self._mode, self._is_loaded = self._header.size, "RGBA", False

    def load(self) -> None:
        """Decode the pixels: the alpha is that of the picture, or the mask where it has none. Raises ValueError where
        some are missing."""
        if self._is_loaded:
            return
        image, mask = pixels(self._data, self._header), self._mask()
        alpha = image.getchannel("A") if image.mode == "RGBA" else None
        image = image.convert("RGB")
        if alpha and alpha.getextrema()[1]:
            image.putalpha(alpha)
        else:
            image.putalpha(mask or Image.new("L", image.size, 255))
        self.im, self._is_loaded = image.im, True

    def _mask(self) -> Image.Image | None:
        """Clear where a bit is set; None where the file ends before it."""
        head = self._header
        start = head.start + head.stride * head.size[1]
        mask = replace(head, bits=1, compression=PLAIN, start=start, palette=b"\xff\xff\xff", masks=(0, 0, 0, 0))
        if head.compression in RLE_DEPTHS or len(self._data) < start + mask.stride * mask.size[1]:
            return None
        return pixels(self._data, mask).getchannel(0)


def header(data: bytes, at: int = FILE_HEADER, start: int | None = None) -> Header:
    """The header at an offset; the pixels begin at `start`, or where the file header says. Raises UnreadKind, and
    ValueError where it is not as it must be."""
    (length,) = struct.unpack_from("<I", data, at)
    if length not in HEADERS:
        raise ValueError("a header of another kind")
    if length == CORE_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", data, at + 4)
        compression = used = 0
    else:
        fields = data[at + 4 : at + min(length, INFO_HEADER)].ljust(INFO_HEADER - 4, b"\0")
        width, height, _, bits, compression, _, _, _, used, _ = struct.unpack("<iiHHIIiiII", fields)
    compression, masks, end = _masks(data, at, length, bits, compression)
    if width <= 0 or not height:
        raise ValueError("a side without pixels")
    if bits not in DEPTHS:
        raise UnreadKind(f"a BMP of {bits} bits a pixel")
    if RLE_DEPTHS.get(compression, bits) != bits:
        raise UnreadKind(f"a BMP of {bits} bits a pixel with RLE of {RLE_DEPTHS[compression]}")
    entry = 3 if length == CORE_HEADER else 4
    count = min(used or 1 << bits, 1 << bits) if bits <= 8 else 0
    stored = data[end : end + count * entry]
    if len(stored) < count * entry:
        raise ValueError("a palette that is cut")
    palette = np.frombuffer(stored, np.uint8).reshape(-1, entry)[:, 2::-1].tobytes()
    if start is None:
        (start,) = struct.unpack_from("<I", data, 10)
    return Header((width, abs(height)), bits, compression, start, end + len(stored), palette, masks, height < 0)


def _masks(data: bytes, at: int, length: int, bits: int, compression: int) -> tuple[int, tuple[int, ...], int]:
    """The compression without its dialects, the masks of red, green, blue and alpha, and the end of the header."""
    end, masks = at + length, MASKS.get(bits, (0, 0, 0, 0))
    if length not in WINDOWS_HEADERS:
        if compression == BIT_FIELDS:
            raise UnreadKind("a BMP with Huffman codes")
        if compression not in OS2_COMPRESSIONS:
            raise UnreadKind(f"a BMP with compression {compression}")
        return compression, masks, end
    if compression not in WINDOWS_COMPRESSIONS:
        raise UnreadKind(f"a BMP with {UNREAD.get(compression, f'compression {compression}')}")
    in_header = struct.unpack_from("<4I", data, at + INFO_HEADER) if length >= WITH_ALPHA_MASK else (0, 0, 0, 0)
    if compression not in (BIT_FIELDS, ALPHA_BIT_FIELDS):
        return compression, (*masks[:3], in_header[3] if bits in MASKS else 0), end
    if bits not in MASKS:
        raise UnreadKind(f"a BMP of {bits} bits a pixel with bit fields")
    count = 4 if compression == ALPHA_BIT_FIELDS or length >= WITH_ALPHA_MASK else 3
    masks = (*struct.unpack_from(f"<{count}I", data, at + INFO_HEADER), 0)[:4]
    if any(mask and (part := mask >> _low_bit(mask)) & (part + 1) for mask in masks):
        raise UnreadKind("a BMP with gaps in its bit fields")
    return BIT_FIELDS, masks, max(end, at + INFO_HEADER + 4 * count)


def _low_bit(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def pixels(data: bytes, head: Header, cut: bool = False) -> Image.Image:
    """The picture, RGB or RGBA. Raises ValueError where rows are missing; where it may be `cut`, they are clear."""
    levels, missing = _run_lengths(data, head) if head.compression in RLE_DEPTHS else _rows(data, head)
    if missing and (not cut or missing == len(levels)):
        raise ValueError("rows are missing")
    image = _coloured(levels, head) if head.bits <= 8 else Image.fromarray(levels)
    if missing:
        image = image.convert("RGBA")
        image.paste((0, 0, 0, 0), (0, image.height - missing, *image.size))
    return image if head.is_top_down else image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _coloured(indices: np.ndarray, head: Header) -> Image.Image:
    """Indices beyond the palette are black."""
    image = Image.fromarray(indices, "L")
    image.putpalette(head.palette.ljust(768, b"\0"), "RGB")
    return image.convert("RGB")


def _rows(data: bytes, head: Header) -> tuple[np.ndarray, int]:
    """Levels (indices up to 8 bits, else RGB or RGBA) in the order of the file, and how many of the last rows are
    missing."""
    width, height = head.size
    stride = head.stride
    stored = data[head.start : head.start + stride * height]
    # The padding of the last row holds no pixel.
    is_whole = len(stored) >= stride * (height - 1) + math.ceil(width * head.bits / 8)
    missing = 0 if is_whole else height - len(stored) // stride
    rows = np.frombuffer(stored.ljust(stride * height, b"\0"), np.uint8).reshape(height, stride)
    return np.concatenate([_unpacked(rows[top : top + BAND], head) for top in range(0, height, BAND)]), missing


def _unpacked(rows: np.ndarray, head: Header) -> np.ndarray:
    width, bits = head.size[0], head.bits
    if bits == 8:
        return rows[:, :width]
    if bits < 8:
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        return ((rows[..., None] >> shifts) & ((1 << bits) - 1)).reshape(len(rows), -1)[:, :width]
    if bits == 24:
        return rows[:, : 3 * width].reshape(len(rows), width, 3)[..., ::-1]
    values = np.ascontiguousarray(rows).view("<u2" if bits == 16 else "<u4")[:, :width]
    channels = head.masks if head.masks[3] else head.masks[:3]
    return np.stack([_channel(values, mask) for mask in channels], axis=-1)


def _channel(values: np.ndarray, mask: int) -> np.ndarray:
    """One channel in 8 bits."""
    if not mask:
        return np.zeros(values.shape, np.uint8)
    low, most = _low_bit(mask), (1 << mask.bit_count()) - 1
    levels = (values >> values.dtype.type(low)) & values.dtype.type(most)
    if most > 255:
        return (levels >> values.dtype.type(mask.bit_count() - 8)).astype(np.uint8)
    return np.array([(level * 510 + most) // (2 * most) for level in range(most + 1)], np.uint8)[levels]


def _run_lengths(data: bytes, head: Header) -> tuple[np.ndarray, int]:
    """As `_rows`. What no run draws is black."""
    if head.bits == 24:
        levels, missing = _runs(data, head, 0)
        return levels.reshape(*levels.shape[:1], -1, 3)[..., ::-1], missing
    colours = [head.palette[at : at + 3] for at in range(0, len(head.palette), 3)] + [bytes(3)]
    black = colours.index(bytes(3))
    levels, missing = _runs(data, head, min(black, 255))
    if black > 255:  # every index has a colour, so that only another fill tells what is not drawn
        return np.where(levels == _runs(data, head, 0)[0], levels, _darkest(colours[:256])), missing
    return levels, missing


def _darkest(colours: list[bytes]) -> np.uint8:
    return np.uint8(min(range(256), key=lambda index: sum(colours[index])))


def _runs(data: bytes, head: Header, fill: int) -> tuple[np.ndarray, int]:
    """The bytes of each row, `fill` where nothing is drawn, and how many of the last rows are missing."""
    (width, height), sample = head.size, 3 if head.bits == 24 else 1
    rows = bytearray([fill]) * (width * height * sample)
    at, x, y, end = head.start, 0, 0, len(data)
    for _ in range(MOST_COMMANDS):
        if y >= height:
            return _in_rows(rows, height), 0
        if at + 2 > end:
            return _in_rows(rows, height), height - y - (x >= width)
        count, value = data[at], data[at + 1]
        at += 2
        if count:
            run = _encoded(data[at - 1 : at - 1 + sample], count, head.bits)
            at += sample - 1
        elif value == END_OF_LINE:
            x, y = 0, y + 1
            continue
        elif value == END_OF_PICTURE:
            return _in_rows(rows, height), 0
        elif value == DELTA:
            if at + 2 > end:
                continue
            x, y, at = x + data[at], y + data[at + 1], at + 2
            continue
        else:
            count, size = value, math.ceil(value * head.bits / 8)
            run = _literal(data[at : at + size], count, head.bits)
            at += size + size % 2
            if at > end + 1:
                at = end
        seen = max(0, min(count, width - x)) * sample
        place = (y * width + x) * sample
        rows[place : place + len(run[:seen])] = run[:seen]
        x += count
    raise ValueError("more commands than a picture needs")


def _in_rows(rows: bytearray, height: int) -> np.ndarray:
    return np.frombuffer(rows, np.uint8).reshape(height, -1)


def _encoded(value: bytes, count: int, bits: int) -> bytes:
    if bits != 4:
        return value * count
    return (bytes((value[0] >> 4, value[0] & 15)) * (count // 2 + 1))[:count]


def _literal(values: bytes, count: int, bits: int) -> bytes:
    if bits != 4:
        return values
    return bytes(nibble for value in values for nibble in (value >> 4, value & 15))[:count]
