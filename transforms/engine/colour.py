"""Converts any mode and colour space Pillow can decode to 8-bit sRGB, with alpha where the source has it."""

from collections.abc import Callable
from functools import lru_cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageCms, ImagePalette, TiffImagePlugin

from transforms.engine.profiles import hdr, icc, named
from transforms.engine.profiles.named import NamedColours

SIXTEEN_BIT = ("I;16", "I;16B", "I;16L", "I;16N")
WHITE_IS_ZERO = 0  # of TIFF's photometric interpretations
NOT_RGB = ("CMYK", "LAB", "YCbCr", "HSV")
# A profile that changes no sample colour by more than this many levels is sRGB under another name.
SAME_LEVELS = 2


def to_srgb(
    image: Image.Image, colours: NamedColours, opacity: Image.Image | None = None, *, is_last: bool = False
) -> Image.Image:
    """An RGB or RGBA picture in sRGB. A broken or mismatched profile is ignored, as browsers do.

    `opacity` is the alpha (L) of a picture whose own transparent colour cannot tell it. `is_last`: nothing is decoded
    into `image` any more, so that its pixels are handed on without a copy where they stay as they are.
    """
    if is_last and opacity is None and _is_plain_rgba(image, colours):
        return _handed_on(image)
    if opacity is not None:
        image.info.pop("transparency", None)
    base, alpha = _split_alpha(image)
    alpha = opacity or alpha
    if colours.of_grey and base.mode != "L":
        colours = named.SRGB
    if colours.of_rgb and base.mode == "L":
        base = base.convert("RGB")
    if colours.transfer and colours.primaries:
        colour = hdr.to_srgb(base, colours.transfer, colours.primaries)
    else:
        converted = _through_profile(base, colours.profile) if colours.profile else None
        colour = _as_rgb(converted or base, image, is_last)
    if alpha is not None and levels_of(alpha)[0] < 255:
        colour.putalpha(alpha)
    colour.info = {}
    return colour


def _is_plain_rgba(image: Image.Image, colours: NamedColours) -> bool:
    """Whether a picture is RGBA in sRGB already, and not opaque."""
    if image.mode != "RGBA" or "transparency" in image.info or colours.profile:
        return False
    return not (colours.transfer and colours.primaries) and levels_of(image.getchannel("A"))[0] < 255


def _as_rgb(picture: Image.Image, image: Image.Image, is_last: bool) -> Image.Image:
    """A picture as RGB, of its own; `image` is what it may be the same as."""
    if picture.mode != "RGB" or (picture is image and not is_last):
        return picture.convert("RGB")
    return _handed_on(picture)


def _handed_on(image: Image.Image) -> Image.Image:
    """A plain picture of the same pixels, without `info`."""
    image.load()
    plain = image._new(image.im)
    plain.info = {}
    return plain


def on_colours(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Applies `change` to the colours of a picture (as RGB) and leaves its alpha as it is."""
    if image.mode != "RGBA":
        return change(image)
    recoloured = change(image.convert("RGB"))
    recoloured.putalpha(image.getchannel("A"))
    return recoloured


def through_curve(image: Image.Image, curve: Callable[[float], float]) -> Image.Image:
    """Applies one curve (0–255 to 0–255, clamped) to red, green and blue."""
    table = [max(0, min(255, round(curve(level)))) for level in range(256)]
    return image.point(table * 3 + list(range(256)) * (image.mode == "RGBA"))


def hex_to_rgba(value: str) -> tuple[int, int, int, int]:
    """'rrggbb' or 'rrggbbaa' as four levels."""
    red, green, blue, *alpha = bytes.fromhex(value)
    return red, green, blue, alpha[0] if alpha else 255


def is_opaque(frame: Image.Image) -> bool:
    """Whether no pixel of a frame (RGB or RGBA) lets anything through."""
    return frame.mode != "RGBA" or frame.getchannel("A").getextrema()[0] == 255


def levels_of(band: Image.Image) -> tuple[float, float]:
    """The least and the greatest level of a picture of one channel, such as an alpha."""
    least, greatest = band.getextrema()
    if isinstance(least, tuple) or isinstance(greatest, tuple):
        raise TypeError(f"A picture of mode {band.mode} has more than one channel.")
    return least, greatest


def palette_of(image: Image.Image) -> ImagePalette.ImagePalette:
    """The palette of a picture of mode P or PA."""
    assert image.palette is not None  # Pillow gives every picture of these modes one
    return image.palette


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Colours in a mode that profiles understand (L, RGB, CMYK, LAB), and the alpha if there is any."""
    if image.mode in (*SIXTEEN_BIT, "I", "F"):
        return _eight_bit_grey(image)
    if image.mode in ("RGBa", "La"):
        image = image.convert(image.mode.upper())
    if image.mode in ("P", "PA") or "transparency" in image.info:
        image = _with_keyed_alpha(image)
    if image.mode in ("RGBA", "LA"):
        return image.convert(image.mode[:-1]), image.getchannel("A")
    if image.mode in ("RGB", "L", "CMYK", "LAB"):
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _with_keyed_alpha(image: Image.Image) -> Image.Image:
    """A palette, or a colour named as transparent, made into plain channels."""
    key = image.info.get("transparency")
    if image.mode == "1":
        image, image.info = image.convert("L"), image.info
    if key is None:
        return image.convert("RGBA" if image.mode == "PA" or palette_of(image).mode == "RGBA" else "RGB")
    return image.convert("RGBA" if image.mode != "L" else "LA")


def _eight_bit_grey(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """Deep grey scaled to 8 bits; `convert` would clip it to white."""
    levels = np.asarray(image)
    key = image.info.get("transparency")
    alpha = Image.fromarray(np.where(levels == key, 0, 255).astype(np.uint8)) if isinstance(key, int) else None
    white, is_inverted = _white_of(image.mode, levels), False
    if isinstance(image, TiffImagePlugin.TiffImageFile) and image.mode in SIXTEEN_BIT:
        # Pillow hands on the levels of 9 to 16 bits as they are stored.
        white = float((1 << image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (16,))[0]) - 1)
        is_inverted = image.tag_v2.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    shares = np.clip(levels.astype(np.float32) / white, 0, 1)
    scaled = np.nan_to_num((1 - shares if is_inverted else shares) * 255 + 0.5)
    return Image.fromarray(scaled.astype(np.uint8)), alpha


def _white_of(mode: str, levels: np.ndarray) -> float:
    """The level that means white; for 32-bit samples it is derived from the range they use."""
    if mode in SIXTEEN_BIT:
        return 65535.0
    peak = float(np.nan_to_num(levels).max())
    steps = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0, 2.0**31 - 1)
    return next((step for step in steps if peak <= step), peak)


def deep_opacity(data: bytes, key: tuple[int, ...] | None, image: Image.Image) -> Image.Image:
    """The alpha of a PNG whose transparent colour has 16 bits: clear where both halves of each sample are those of
    `key`. The low halves are read out of its file, as if they were the high ones."""
    with Image.open(BytesIO(data), formats=["PNG"]) as low:
        low.tile = [tile._replace(args="RGB;16L") for tile in low.tile]
        low.load()
        halves = np.asarray(image.convert("RGB")).astype(np.uint16) << 8 | np.asarray(low)
    is_key = (halves == np.array(key, np.uint16)).all(axis=-1)
    return Image.fromarray(np.where(is_key, 0, 255).astype(np.uint8))


def kept_profile(image: Image.Image, colours: NamedColours) -> bytes | None:
    """The profile that a picture can be handed on with, its levels as they are; empty where its colours are sRGB, None
    where they are of another kind than RGB."""
    if colours.is_srgb:
        return b""
    if not colours.profile or colours.of_grey or image.mode in NOT_RGB:
        return None
    profile = icc.cleaned(colours.profile)
    try:
        return b"" if profile and _changes_nothing(_transform(profile, "RGB")) else profile
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def to_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """An sRGB picture (RGB or RGBA) in the colours of a profile."""
    return on_colours(image, lambda plain: _applied(plain, _transform_to(profile)))


def from_profile(image: Image.Image, profile: bytes) -> Image.Image:
    """A picture (RGB or RGBA) of a kept profile in sRGB."""
    return on_colours(image, lambda plain: _applied(plain, _transform(profile, "RGB")))


def _applied(image: Image.Image, transform: ImageCms.ImageCmsTransform) -> Image.Image:
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # None is for inPlace=True alone
    return converted


@lru_cache(maxsize=4)
def _transform_to(profile: bytes) -> ImageCms.ImageCmsTransform:
    return ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"),
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """From a profile to sRGB; kept, as the frames of an animation share one."""
    return ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.NONE if mode == "RGB" else ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    """The colours moved from an embedded profile to sRGB; None when the profile is unusable."""
    try:
        transform = _transform(profile, image.mode)
        if image.mode == "RGB" and _changes_nothing(transform):
            return image
        return ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether 216 sample colours stay the same: most profiles are sRGB, and this saves a pass over the picture."""
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 51)] * 3), axis=-1).reshape(12, 18, 3).astype(np.uint8)
    converted = np.asarray(ImageCms.applyTransform(Image.fromarray(cube), transform))
    return int(np.abs(converted.astype(int) - cube).max()) <= SAME_LEVELS
