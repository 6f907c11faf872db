"""Names the variants of known formats that are whole and not read, so that nobody looks for damage (I5)."""

import struct
from collections.abc import Callable, Iterator

from transforms.engine.containers import jpeg_markers

# Frame markers of JPEG (ITU-T T.81, table B.1) that no decoder here reads.
LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
HIERARCHICAL = {0xC5, 0xC6, 0xCD, 0xCE}
# Tags of TIFF 6.0.
BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANES, EXTRA, SAMPLE_FORMAT = 258, 259, 262, 277, 284, 338, 339
COMPRESSIONS = {
    2: "CCITT",
    3: "CCITT Group 3",
    4: "CCITT Group 4",
    6: "old-style JPEG",
    34712: "JPEG 2000",
    50001: "WebP",
    50002: "JPEG XL",
}
# What Pillow takes by its header although its libtiff is built without it.
NOT_BUILT = {50001}
# How Pillow says that libavif read a picture whose matrix coefficients (ISO/IEC 23091-2) it cannot convert.
UNKNOWN_MATRIX = "Conversion from YUV failed"
PHOTOMETRICS = {
    0: "grey",
    1: "grey",
    2: "RGB",
    3: "palette",
    5: "CMYK",
    6: "YCbCr",
    8: "Lab",
    32844: "LogL",
    32845: "LogLuv",
}
FORMATS = {2: "signed", 3: "floating-point", 6: "complex"}
# Offsets and lengths of strips, and of tiles.
PLACES = ((273, 279), (324, 325))
BIG_ENDIAN_BIGTIFF = b"MM\0+"
SIZES = {1: "B", 3: "H", 4: "I"}


def name_of(image_format: str, data: bytes) -> str | None:
    """What kind of a file it is whose header no decoder takes, such as `a lossless JPEG`; None where no reason but
    damage is known."""
    try:
        return NAMES[image_format](data) if image_format in NAMES else None
    except (struct.error, IndexError):
        return None


def of_jpeg(layout: jpeg_markers.Layout) -> str | None:
    """The kind of a JPEG that is not read."""
    if layout.frame in LOSSLESS:
        return "a lossless JPEG"
    if layout.frame in HIERARCHICAL:
        return "a hierarchical JPEG"
    return f"a JPEG of {layout.bits} bits a sample" if layout.bits not in (0, 8) else None


def of_tiff(compression: int, data: bytes) -> str | None:
    """The kind of a TIFF whose pixels are not read although its header is."""
    return name_of("TIFF", data) if compression in NOT_BUILT else None


def of_failure(image_format: str, error: Exception) -> str | None:
    """The kind of a file whose pixels were decoded and could not be converted, by the decoder's own words."""
    is_unknown = image_format == "AVIF" and str(error).startswith(UNKNOWN_MATRIX)
    return "an AVIF whose colours are coded by a matrix that the decoder does not know" if is_unknown else None


def _tiff(data: bytes) -> str | None:
    if data.startswith(BIG_ENDIAN_BIGTIFF):
        return "a big-endian BigTIFF"
    tags = dict(_tags(data))
    if not _is_whole_tiff(tags, data):
        return None
    samples, bits = tags.get(SAMPLES, [1])[0], tags.get(BITS, [1])
    colours = PHOTOMETRICS.get(tags.get(PHOTOMETRIC, [-1])[0], "unknown colours")
    words = [f"{max(bits)} bits a sample", f"{samples} samples ({colours}{' and alpha' if tags.get(EXTRA) else ''})"]
    kind = FORMATS.get(tags.get(SAMPLE_FORMAT, [1])[0])
    compression = tags.get(COMPRESSION, [1])[0]
    if kind:
        words.insert(0, f"{kind} numbers")
    if compression != 1:
        words.append(f"compression {COMPRESSIONS.get(compression, compression)}")
    return f"a TIFF of {', '.join(words)}"


def _is_whole_tiff(tags: dict[int, list[int]], data: bytes) -> bool:
    """Whether the first strips or tiles lie within the file."""
    places = [
        offset + length
        for offsets, lengths in PLACES
        for offset, length in zip(tags.get(offsets, ()), tags.get(lengths, ()), strict=False)
    ]
    return bool(places) and max(places) <= len(data)


def _tags(data: bytes) -> Iterator[tuple[int, list[int]]]:
    """The first values of each tag of whole numbers in the first directory. Raises struct.error where the file ends
    before."""
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    for offset in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(order + "HHI", data, offset)
        if kind in SIZES:
            size = struct.calcsize(SIZES[kind])
            at = offset + 8 if length * size <= 4 else struct.unpack_from(order + "I", data, offset + 8)[0]
            yield tag, list(struct.unpack_from(f"{order}{min(length, 8)}{SIZES[kind]}", data, at))


def _avif(data: bytes) -> str | None:
    """Where every box of the file is there to its end."""
    offset, names = 0, set()
    while offset < len(data):
        size, name = struct.unpack_from(">I4s", data, offset)
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, offset + 8)
        if size == 0:
            size = len(data) - offset
        if size < 8 or offset + size > len(data):
            return None
        names.add(name)
        offset += size
    is_complete = b"mdat" in names and names & {b"meta", b"moov"}
    return "an AVIF of a kind that the decoder does not know" if is_complete else None


NAMES: dict[str, Callable[[bytes], str | None]] = {"TIFF": _tiff, "AVIF": _avif}
