"""Writes a picture as AVIF, WebP, JPEG, PNG or GIF, with nothing of its source's metadata."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO

from PIL import Image, PngImagePlugin

from transforms.engine import colour, geometry
from transforms.engine.codecs import avif_loop, avif_times, jpeg_tables
from transforms.engine.codecs.animations import gif_writer
from transforms.engine.formats import FORMATS, Format
from transforms.engine.metadata import output_metadata
from transforms.engine.metadata.output_metadata import OutputMetadata
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params

NO_PROFILE = "{} cannot hold a colour profile: the colours are converted to sRGB."
# The offset of the flags in the VP8X header, and the alpha flag.
WEBP_FLAGS, WEBP_ALPHA = 20, 0x10
# The most units of time that an APNG counts for a frame.
APNG_UNITS = 65_535
# Speed 9 gives fewer bytes than WebP at equal quality in less time (measured); slower ones cost too much a request.
AVIF_SPEED = 9
# Half the time of method 4 for 3 % more bytes (docs/performance.md); lossless WebP gains more from method 4.
WEBP_METHOD, WEBP_LOSSLESS_METHOD = 2, 4


def encode(
    picture: Picture, output_format: str, values: PictureValues, *, smallest: bool = False, tuned: bool = False
) -> tuple[bytes, str, tuple[str, ...]]:
    """The bytes, their content type, and warnings for the caller.

    `output_format` may be auto or nocompress; `values` gives quality, lossless and metadata.
    `smallest` spends several times the work on fewer bytes at the same quality; `tuned` is what quality=auto uses.
    Raises output_too_large when the format cannot hold the sides.
    """
    picture = opaque_if_it_is(picture)
    lossless = output_format == "nocompress" or bool(values.get("lossless", False))
    name = resolve(picture, output_format, lossless)
    row = FORMATS[name]
    geometry.check_sides(picture.size, row)
    has_lost_profile = bool(picture.profile) and not row.holds_profile
    if has_lost_profile:
        picture = without_profile(picture)
    metadata = _metadata(picture, values)
    options = _holding(metadata, row)
    quality = values.get("quality", params.defaults(endpoints.TRANSFORM)["quality"])
    options |= {"icc_profile": picture.profile} if picture.profile else {}
    options |= row.smallest if smallest else {}
    options |= _tuned(row, int(quality)) if tuned and not lossless else {}
    body = WRITERS[name](picture, int(quality), lossless, options)
    warnings = _losses(picture, row, lossless, metadata)
    if has_lost_profile:
        warnings += (NO_PROFILE.format(name.upper()),)
    return body, row.content_type, warnings


def without_profile(picture: Picture) -> Picture:
    """The picture in sRGB."""
    profile = picture.profile
    if profile is None:
        return picture
    converted = picture.mapped(lambda frame: colour.from_profile(frame, profile))
    return replace(converted, profile=None)


def _tuned(row: Format, quality: int) -> Mapping[str, object]:
    if row.name == "jpeg":
        # -1 leaves the tables as they are; any other quality would scale them again.
        return {"qtables": jpeg_tables.scaled(quality), "quality": -1}
    return row.tuned


def _losses(picture: Picture, row: Format, lossless: bool, metadata: OutputMetadata) -> tuple[str, ...]:
    """Warnings for what was requested and the format cannot do."""
    warnings, name = [], row.name
    if metadata and not row.holds_metadata:
        asked = "metadata" if picture.metadata else "copyright"
        warnings.append(f"{name.upper()} cannot hold the {asked} that was asked for.")
    elif metadata.iptc and not row.holds_iptc:
        warnings.append("IPTC is kept in JPEG alone; maker and rights are in EXIF.")
    if lossless and name == "avif":
        warnings.append("AVIF keeps colours to within one or two levels here; WebP and PNG are exactly lossless.")
    if lossless and (name == "jpeg" or (name == "gif" and not gif_writer.is_exact(picture))):
        warnings.append(f"{name.upper()} cannot keep every pixel of this picture; WebP and PNG are exactly lossless.")
    return tuple(warnings)


def resolve(picture: Picture, output_format: str, lossless: bool = False) -> str:
    """The format to write: auto by animation, transparency and `lossless`, nocompress by the source's format."""
    if output_format == "auto":
        if len(picture.frames) > 1:
            return "gif"
        return "png" if lossless or is_transparent(picture) else "jpeg"
    if output_format == "nocompress":
        if picture.source_format == "gif" and not gif_writer.is_exact(picture):
            return "png"
        source_row = FORMATS.get(picture.source_format)
        return picture.source_format if source_row and source_row.keeps_lossless_sources else "png"
    return output_format


def holding(picture: Picture, output_format: str) -> tuple[str, tuple[str, ...]]:
    """`output_format`, or one that can hold the sides of the picture where it cannot, with a warning."""
    longest = max(picture.size)
    name = resolve(picture, output_format)
    if longest <= FORMATS[name].longest_side:
        return output_format, ()
    other = resolve(picture, "auto")
    other = other if longest <= FORMATS[other].longest_side else "png"
    return other, (f"A side of {longest} pixels does not fit into {name}: this is {other}.",)


def is_transparent(picture: Picture) -> bool:
    """Whether any pixel of any frame is less than opaque."""
    return any(frame.mode == "RGBA" and colour.levels_of(frame.getchannel("A"))[0] < 255 for frame in picture.frames)


def opaque_if_it_is(picture: Picture) -> Picture:
    """The picture without its alpha channel where every pixel is opaque."""
    if picture.frames[0].mode == "RGBA" and not is_transparent(picture):
        return picture.mapped(lambda frame: frame.convert("RGB"))
    return picture


def flattened(frame: Image.Image, background: tuple[int, int, int] = (255, 255, 255)) -> Image.Image:
    """The frame over an opaque colour."""
    if frame.mode != "RGBA":
        return frame
    canvas = Image.new("RGB", frame.size, background)
    canvas.paste(frame, mask=frame.getchannel("A"))
    return canvas


def _metadata(picture: Picture, values: PictureValues) -> OutputMetadata:
    """What is to be written of the source's metadata."""
    if values.get("metadata") == "keep":
        return picture.metadata
    if values.get("metadata") != "copyright" or not picture.rights:
        return OutputMetadata()
    exif = Image.Exif()
    exif.update(picture.rights)
    return OutputMetadata(exif.tobytes())


def _holding(metadata: OutputMetadata, row: Format) -> dict[str, object]:
    """The options of the encoder that write metadata."""
    if not row.holds_metadata:
        return {}
    options: dict[str, object] = {"exif": metadata.exif} if metadata.exif else {}
    if metadata.xmp and row.name == "png":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", metadata.xmp.decode())
        options["pnginfo"] = chunks
    elif metadata.xmp:
        options["xmp"] = metadata.xmp
    if metadata.iptc and row.holds_iptc:
        options["extra"] = output_metadata.segment(metadata.iptc)
    return options


def _write(picture: Picture, name: str, **options: object) -> bytes:
    """The encoded bytes of all frames; an animation keeps its durations."""
    buffer = BytesIO()
    first, *rest = picture.frames
    if rest:
        options |= {"save_all": True, "append_images": rest, "duration": list(picture.durations)}
    first.save(buffer, name, **options)
    return buffer.getvalue()


def _write_jpeg(picture: Picture, quality: int, lossless: bool, options: dict[str, object]) -> bytes:
    buffer = BytesIO()
    flat = flattened(picture.frames[0])
    settings = {"quality": quality, "progressive": True, "optimize": True, "subsampling": "4:2:0", **options}
    flat.save(buffer, "JPEG", **settings)
    return buffer.getvalue()


def _write_png(picture: Picture, quality: int, lossless: bool, options: dict[str, object]) -> bytes:
    if len(picture.frames) == 1:
        return _write(picture, "PNG", compress_level=6, **options)
    picture = replace(picture, durations=tuple(map(_in_sixteen_bits, picture.durations)))
    # Frames replace one another completely, so that their transparency is visible.
    animation_options = {"loop": picture.loop, "disposal": 0, "blend": 0}
    return _write(picture, "PNG", compress_level=6, **animation_options, **options)


def _in_sixteen_bits(duration: int) -> int:
    """A duration (ms) whose units of a thousandth, hundredth, tenth or whole second an APNG can count."""
    unit = next(unit for unit in (1, 10, 100, 1000) if duration <= unit * APNG_UNITS)
    return round(duration / unit) * unit


def _write_webp(picture: Picture, quality: int, lossless: bool, options: dict[str, object]) -> bytes:
    animation_options = {"loop": picture.loop} if len(picture.frames) > 1 else {}
    quality_options = {"method": WEBP_METHOD, "quality": quality}
    if lossless:
        quality_options = {"method": WEBP_LOSSLESS_METHOD, "lossless": True, "quality": 60, "exact": False}
    body = _write(picture, "WEBP", **{**quality_options, **animation_options, **options})
    return _said_transparent(body) if animation_options and is_transparent(picture) else body


def _said_transparent(body: bytes) -> bytes:
    """Sets the alpha flag: the encoder omits it when each stored rectangle of a transparent animation is opaque."""
    return body[:WEBP_FLAGS] + bytes([body[WEBP_FLAGS] | WEBP_ALPHA]) + body[WEBP_FLAGS + 1 :]


def _write_avif(picture: Picture, quality: int, lossless: bool, options: dict[str, object]) -> bytes:
    if lossless:
        settings = {"quality": 100, "subsampling": "4:4:4"}
    else:
        settings = {"quality": avif_quality(quality), "subsampling": "4:2:0"}
    body = _write(picture, "AVIF", **{"speed": AVIF_SPEED, "max_threads": 1, **settings, **options})
    return avif_loop.playing(avif_times.cleared(body), picture.loop) if len(picture.frames) > 1 else body


def avif_quality(quality: int) -> int:
    """The common scale mapped to AVIF's, so that 80 looks the same: 80 is AVIF 67, linear to 1 and 100."""
    if quality <= 80:
        return max(1, round(quality * 67 / 80))
    return round(67 + (quality - 80) * 33 / 20)


def _write_gif(picture: Picture, quality: int, lossless: bool, options: dict[str, object]) -> bytes:
    return gif_writer.write(picture)


WRITERS: Mapping[str, Callable[[Picture, int, bool, dict[str, object]], bytes]] = {
    "avif": _write_avif,
    "webp": _write_webp,
    "jpeg": _write_jpeg,
    "png": _write_png,
    "gif": _write_gif,
}
