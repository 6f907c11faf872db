"""One picture in every colour space, depth and mode the engine reads, beside what a viewer should see of it."""

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms

from tests.engine import metrics, pictures
from transforms.engine import colour_difference

SIZE = (120, 80)
# The primaries of Display P3 adapted to the white of profiles (D50), as Apple's own profile has them.
P3_COLORANTS = {
    b"rXYZ": (0.51512, 0.24120, -0.00105),
    b"gXYZ": (0.29198, 0.69225, 0.04189),
    b"bXYZ": (0.15710, 0.06657, 0.78407),
}
# Light of P3 to XYZ at D65 (SMPTE EG 432-1).
P3_TO_XYZ = np.array(
    [[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]
)


def painted() -> Image.Image:
    """A soft colourful picture with a few edges, as photographs are; every hue, and no colour at its fullest."""
    across, down = np.meshgrid(np.linspace(0, 1, SIZE[0]), np.linspace(0, 1, SIZE[1]))
    waves = [0.5 + 0.34 * np.sin(2 * np.pi * (across * 1.1 + down * 0.6 + phase)) for phase in (0, 1 / 3, 2 / 3)]
    levels = np.stack(waves, axis=-1) * (0.45 + 0.55 * down[..., None])
    levels[20:50, 40:70] = levels[20:50, 40:70] * 0.35 + 0.3
    return Image.fromarray((levels * 255).round().astype(np.uint8))


def faded() -> Image.Image:
    """The same, from clear at the left to opaque at the right."""
    image = painted().convert("RGBA")
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, SIZE[0]).astype(np.uint8), (SIZE[1], 1))))
    return image


def cut_out() -> Image.Image:
    """The same with its left third clear: transparency that even GIF and palettes can hold."""
    image = painted().convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, SIZE[0] // 3, SIZE[1]))
    return image


def p3_profile() -> bytes:
    """Display P3: the colorants of P3 in a profile that is otherwise sRGB's."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for at in range(132, 132 + 12 * int.from_bytes(profile[128:132], "big"), 12):
        name, (offset, _) = bytes(profile[at : at + 4]), struct.unpack(">II", profile[at + 4 : at + 12])
        if name in P3_COLORANTS:
            profile[offset + 8 : offset + 20] = struct.pack(">3i", *(round(x * 65536) for x in P3_COLORANTS[name]))
    return bytes(profile)


def in_p3(image: Image.Image) -> Image.Image:
    """The levels that show an sRGB picture's colours on a Display P3 screen."""
    light = colour_difference.linear(np.asarray(image)) @ (np.linalg.inv(P3_TO_XYZ) @ colour_difference.TO_XYZ).T
    return Image.fromarray(metrics.encoded(light).round().astype(np.uint8))


def deep_png(levels: np.ndarray) -> bytes:
    """A PNG of 16 bits a sample out of 8-bit levels (rows, columns, 1–4 channels)."""
    rows = (levels.astype(">u2") * 257).reshape(levels.shape[0], -1)
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[levels.shape[2]]
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    parts = [_chunk(b"IHDR", struct.pack(">IIBBBBB", levels.shape[1], levels.shape[0], 16, kind, 0, 0, 0))]
    parts += [_chunk(b"IDAT", zlib.compress(data)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _deep_tiff() -> bytes:
    return pictures.saved(Image.fromarray(np.asarray(painted().convert("L")).astype(np.uint16) * 257), "TIFF")


def _decode(data: bytes, mode: str) -> Image.Image:
    return Image.open(BytesIO(data)).convert(mode)


def cases() -> dict[str, tuple[bytes, Image.Image]]:
    """Name → (bytes of the file, picture that a viewer should show)."""
    plain, grey, p3 = painted(), painted().convert("L"), p3_profile()
    ink = plain.convert("CMYK")
    palette = pictures.saved(plain.quantize(64), "PNG")
    clear_palette = pictures.saved(cut_out().quantize(64, Image.Quantize.FASTOCTREE), "PNG")
    examples = {
        "srgb": (pictures.saved(plain, "PNG"), plain),
        "p3 png": (pictures.saved(in_p3(plain), "PNG", icc_profile=p3), plain),
        "p3 jpeg": (pictures.saved(in_p3(plain), "JPEG", quality=100, subsampling=0, icc_profile=p3), plain),
        "p3 webp": (pictures.saved(in_p3(plain), "WEBP", lossless=True, icc_profile=p3), plain),
        "p3 avif": (pictures.saved(in_p3(plain), "AVIF", quality=100, subsampling="4:4:4", icc_profile=p3), plain),
        "p3 tiff": (pictures.saved(in_p3(plain), "TIFF", icc_profile=p3), plain),
        "cmyk jpeg": (pictures.saved(ink, "JPEG", quality=100, subsampling=0), plain),
        "cmyk tiff": (pictures.saved(ink, "TIFF"), plain),
        "16-bit rgb": (deep_png(np.asarray(plain)), plain),
        "16-bit rgba": (deep_png(np.asarray(faded())), faded()),
        "16-bit grey": (deep_png(np.asarray(grey)[..., None]), grey),
        "16-bit grey tiff": (_deep_tiff(), grey),
        "16-bit grey alpha": (deep_png(np.asarray(faded().convert("LA"))), faded().convert("LA")),
        "grey jpeg": (pictures.saved(grey, "JPEG", quality=100), grey),
        "grey png": (pictures.saved(grey, "PNG"), grey),
        "palette": (palette, _decode(palette, "RGB")),
        "palette with clear": (clear_palette, _decode(clear_palette, "RGBA")),
        "gif": (pictures.saved(plain.quantize(64), "GIF"), _decode(palette, "RGB")),
        "one bit": (pictures.saved(grey.point(lambda level: 255 if level > 99 else 0).convert("1"), "PNG"), None),
        "transparency": (pictures.saved(faded(), "PNG"), faded()),
        "transparency webp": (pictures.saved(faded(), "WEBP", lossless=True, exact=True), faded()),
        "bmp": (pictures.saved(plain, "BMP"), plain),
    }
    data, _ = examples["one bit"]
    return examples | {"one bit": (data, _decode(data, "L"))}
