"""Decodes source bytes safely: the header first, pixels only when it passes the limits."""

import struct
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image, JpegImagePlugin, TiffImagePlugin

from transforms.engine import colour, geometry
from transforms.engine.codecs import amplifiers, avif_loop, bmp, heic, jpeg_ends, variants
from transforms.engine.codecs.animations import apng_frames, gif_frames
from transforms.engine.codecs.cut_files import completion, stored_pixels, webp
from transforms.engine.containers import avif_alpha, avif_colours, ico, png, sniffing
from transforms.engine.containers.jpeg_markers import Layout
from transforms.engine.containers.png import Png
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.engine.metadata import exif, gain_maps, output_metadata, rights
from transforms.engine.picture import Picture
from transforms.engine.profiles import icc, named
from transforms.engine.profiles.named import NamedColours

# What every format can hold: the duration of a frame in ms, all frames together within 31 bits, and the loop count.
LONGEST_STAY = 3_600_000
MOST_PLAYS = 65_535
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Formats with another name in Pillow.
NAMES = {"MPO": "jpeg", heic.NAME: "heic"}
LOST_COLOURS = "The colours of this source cannot be kept as they are: they are converted to sRGB."
ALLOWED = "JPEG, PNG, WebP, GIF, AVIF, TIFF, BMP, ICO and SVG"


@dataclass(frozen=True)
class Facts:
    """Header facts: lower-case format name, upright size, frames, orientation 1–8, and an alpha channel."""

    source_format: str
    size: tuple[int, int]
    frame_count: int
    orientation: int
    has_alpha: bool


# The size of a picture that is needed: known, told by the facts of its header, or as it is.
Target = tuple[int, int] | Callable[[Facts], tuple[int, int] | None] | None


def probe(data: bytes, limits: Limits, *, animated: bool = False, cut: bool = False) -> Facts:
    """Header facts, checked against the limits; no pixel is decoded or allocated.

    Frames count towards the limits when `animated`, that is when all of them are used. `cut`: the file may end early.
    Raises unsupported_format, broken_image, too_many_pixels, too_many_frames, too_many_scans, source_side_too_long.
    """
    with _opened(data, limits, cut) as source:
        return _facts(source, data, limits, animated)


def open_picture(
    data: bytes,
    limits: Limits,
    *,
    target: Target = None,
    animated: bool = False,
    cut: bool = False,
    keeps_profile: bool = False,
    keeps_metadata: bool = False,
) -> Picture:
    """The whole picture, upright, in sRGB; every frame when `animated`, else the first.

    `target` is the smallest upright size needed, or what tells it by the facts: a JPEG is then decoded at a fraction,
    never below geometry.SPARE times that.
    Raises what `probe` raises; a file that ends early is a broken_image. Where it may be `cut`, what is missing is grey
    (JPEG) or clear instead, and a warning says so. With `keeps_profile` a profile of RGB stays, and the levels with
    it; with `keeps_metadata` what may be handed on is read.
    """
    with _opened(data, limits, cut) as source:
        image = source.image
        facts = _facts(source, data, limits, animated)
        profile = colour.kept_profile(image, source.colours) if keeps_profile else b""
        has_lost_colours = profile is None
        if profile:
            source = replace(source, colours=NamedColours(of_rgb=source.colours.of_rgb))
        has_gain_map = gain_maps.has_one(image, data)
        xmp = source.png.xmp if source.png else image.info.get("xmp", b"")
        texts = rights.read(image, exif.read(image), xmp)
        metadata = output_metadata.read(image, data, xmp, texts) if keeps_metadata else output_metadata.OutputMetadata()
        target = target(facts) if callable(target) else target
        if target and facts.source_format == "jpeg":
            _reduce(image, facts, target)
        frame_total = facts.frame_count if animated else 1
        timed_frames = list(_frames(source, data, facts, limits, frame_total))
        loop = _plays(image, facts, data)
    if not timed_frames:
        raise EngineError("broken_image", "The picture cannot be read: there is no image in the file.")
    frames, durations = zip(*timed_frames, strict=True)
    if any(frame.mode == "RGBA" for frame in frames):
        frames = tuple(frame.convert("RGBA") for frame in frames)
    return Picture(
        frames=frames,
        durations=durations,
        loop=loop,
        has_alpha=frames[0].mode == "RGBA",
        source_format=facts.source_format,
        source_size=facts.size,
        orientation=facts.orientation,
        frame_count=facts.frame_count,
        nominal=facts.size,
        rights=texts,
        metadata=metadata,
        warnings=_warnings(
            {
                stored_pixels.WARNING: cut,
                gain_maps.WARNING: has_gain_map,
                LOST_COLOURS: has_lost_colours,
            }
        ),
        profile=profile or None,
    )


def _reduce(image: Image.Image, facts: Facts, target: tuple[int, int]) -> None:
    """Let the decoder of a JPEG leave out what the target does not need."""
    width, height = geometry.with_spare(target)
    image.draft(None, (height, width) if facts.orientation > 4 else (width, height))


def _warnings(said: dict[str, bool]) -> tuple[str, ...]:
    return tuple(warning for warning, is_true in said.items() if is_true)


def read_exif(data: bytes, limits: Limits) -> Image.Exif:
    """The EXIF block of the header, empty where there is none or it is damaged. Raises what `probe` raises."""
    with _opened(data, limits) as source:
        return exif.read(source.image)


@dataclass(frozen=True)
class _Source:
    """An open picture; what its file says of its colours; its chunks, where it is a PNG; whether the file may end
    early; whether it is out of an ICO; and which pixels of a cut TIFF are stored (L, 255)."""

    image: Image.Image
    colours: NamedColours
    png: Png | None = None
    is_cut: bool = False
    is_icon: bool = False
    stored: Image.Image | None = None


@contextmanager
def _opened(data: bytes, limits: Limits, cut: bool = False) -> Iterator[_Source]:
    """Opens with the one decoder for the format of the bytes; whatever a decoder raises becomes an EngineError."""
    name = sniffing.format_of(data) or _optional_format(data)
    if name is None:
        raise EngineError("unsupported_format", _not_read(data))
    is_icon = name == "ICO"
    if is_icon:
        name, data = _shown_icon(data)
    amplifiers.check_parts(name, data)
    if sniffing.is_cut_short(name, data) and not cut:
        raise EngineError("broken_image", "The picture ends too early: the file is truncated.")
    data, stored = completion.completed(name, data, limits.source_pixels) if cut else (data, None)
    data = avif_alpha.repaired(sniffing.branded_avif(data)) if name == "AVIF" else data
    layout = amplifiers.checked_jpeg(data, limits) if name == "JPEG" else None
    if layout and (variant := variants.of_jpeg(layout)):
        raise _unsupported(variant)
    size = sniffing.webp_size(data) if name == "WEBP" else None
    if size:
        _check_size(size, 1, limits)
    try:
        chunks = png.read(data) if name == "PNG" else None
        if chunks is not None:
            if chunks.is_cut and not cut:
                raise EngineError("broken_image", "The animation ends too early: the file is truncated.")
            data = chunks.data
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with ExitStack() as opened:
                image = opened.enter_context(_header_read(name, data, cut))
                if isinstance(image, TiffImagePlugin.TiffImageFile):
                    amplifiers.check_tiff(image, data, limits)
                    if variant := variants.of_tiff(image.tag_v2.get(variants.COMPRESSION, 1), data):
                        raise _unsupported(variant)
                if layout and not layout.is_ended:
                    _check_size(image.size, 1, limits)
                    image = opened.enter_context(_ended_jpeg(data, layout, cut))
                yield _Source(image, _colours(image, data, chunks), chunks, cut, is_icon, stored)
    except EngineError:
        raise
    except Image.DecompressionBombError as error:
        raise EngineError("too_many_pixels", _too_many_pixels(limits)) from error
    except Exception as error:
        if variant := variants.of_failure(name, error):
            raise _unsupported(variant) from error
        # Decoders raise a dozen types for broken files; all of them mean the same to the caller.
        raise EngineError("broken_image", "The picture cannot be read: the file is damaged or truncated.") from error


def _shown_icon(data: bytes) -> tuple[str, bytes]:
    """The format and the bytes of what is shown of an ICO."""
    try:
        entry = ico.best(data)
    except (struct.error, ValueError) as error:
        raise EngineError("broken_image", "The picture ends too early: the file is truncated.") from error
    return ("PNG" if entry.is_png else "ICO"), entry.data


def _header_read(name: str, data: bytes, cut: bool) -> Image.Image:
    """The picture with its header read. Raises unsupported_variant where the file is whole and of a kind not read."""
    try:
        if name == "ICO":
            return bmp.IconFile(BytesIO(data))
        if name == "WEBP" and sniffing.is_cut_short(name, data):
            return webp.PartialFile(BytesIO(data))
        return bmp.opened(data, cut) if name == "BMP" else Image.open(BytesIO(data), formats=[name])
    except Image.DecompressionBombError:
        raise
    except bmp.UnreadKind as error:
        raise _unsupported(str(error)) from error
    except Exception as error:
        variant = variants.name_of(name, data)
        if variant:
            raise _unsupported(variant) from error
        raise


def _unsupported(variant: str) -> EngineError:
    return EngineError("unsupported_variant", f"This is {variant}, which is not read. Save it as a plain JPEG or PNG.")


def _ended_jpeg(data: bytes, layout: Layout, cut: bool) -> Image.Image:
    """A JPEG whose end is not marked, where it is whole or may be `cut`. Raises broken_image."""
    whole = stored_pixels.jpeg(data, layout) if cut else jpeg_ends.ended(data, layout)
    if whole is None:
        raise EngineError("broken_image", "The picture ends too early: the file is truncated.")
    return Image.open(BytesIO(whole), formats=["JPEG"])


def _colours(image: Image.Image, data: bytes, chunks: Png | None) -> NamedColours:
    if chunks is not None:
        return chunks.colours
    if isinstance(image, JpegImagePlugin.JpegImageFile):
        return named.of_profile(icc.of_parts(body for name, body in image.applist if name == "APP2"))
    profile = image.info.get("icc_profile")
    return avif_colours.read(data) if image.format == "AVIF" and not profile else named.of_profile(profile)


def _optional_format(data: bytes) -> str | None:
    """The name of a format whose decoder is an extra, once that is ready; None where it is not installed."""
    if sniffing.refused_kind(data) != "HEIC" or not heic.is_installed():
        return None
    heic.prepare()
    return heic.NAME


def _not_read(data: bytes) -> str:
    """The error message: the format, why it is not supported and the alternative, where that is known."""
    kind = sniffing.refused_kind(data)
    if kind is None:
        return f"This is not a picture we read. Allowed are {ALLOWED}."
    return f"This is {kind}: {sniffing.REFUSED[kind]}. Allowed are {ALLOWED}."


def _facts(source: _Source, data: bytes, limits: Limits, animated: bool) -> Facts:
    image = source.image
    _check_size(image.size, 1, limits)
    pillow_name = image.format or ""
    name = "ico" if source.is_icon else NAMES.get(pillow_name, pillow_name.lower())
    frames = _count_frames(image, name, data)
    if animated and frames > limits.source_frames:
        raise EngineError("too_many_frames", f"The animation has {frames} frames; the limit is {limits.source_frames}.")
    _check_size(image.size, frames if animated else 1, limits)
    orientation = exif.orientation(image)
    # Only Pillow's TIFF reader applies the orientation, to the size too.
    width, height = reversed(image.size) if orientation > 4 and name != "tiff" else image.size
    return Facts(name, (width, height), frames, orientation, _has_alpha(image, name, data))


def _has_alpha(image: Image.Image, name: str, data: bytes) -> bool:
    if name == "gif":
        return gif_frames.has_alpha(data, image.size)
    return image.has_transparency_data or (name == "png" and apng_frames.has_alpha(data, image.size))


def _check_size(size: tuple[int, int], frames: int, limits: Limits) -> None:
    if size[0] * size[1] * frames > limits.source_pixels:
        raise EngineError("too_many_pixels", _too_many_pixels(limits))
    if max(size) > limits.source_side:
        raise EngineError(
            "source_side_too_long", f"The picture has a side of {max(size)} pixels; the limit is {limits.source_side}."
        )


def _too_many_pixels(limits: Limits) -> str:
    return f"The picture has too many pixels; the limit is {limits.source_pixels} over all frames."


def _count_frames(image: Image.Image, name: str, data: bytes) -> int:
    """Frames of an animation; the pages of a TIFF and the second view of a JPEG are not frames."""
    if name == "gif":
        whole = sniffing.gif_frames(data)
        return max(1, sum(1 for _ in gif_frames.blocks(data)) if whole is None else whole)
    if name == "png":
        return max(1, apng_frames.count(data))
    return max(1, getattr(image, "n_frames", 1)) if name in ("webp", "avif") else 1


def _frames(
    source: _Source, data: bytes, facts: Facts, limits: Limits, count: int
) -> Iterator[tuple[Image.Image, int]]:
    """The first `count` frames, upright and in sRGB, and their durations in ms."""
    if facts.source_format == "gif":
        composed = gif_frames.frames(
            data, facts.size, count, lambda size: _check_size(size, count, limits), source.is_cut
        )
    elif facts.source_format == "png" and any(apng_frames.stored(data)):
        composed = apng_frames.frames(
            data, source.image.size, count, lambda part: _decoded_png(part, limits, source.colours, source.is_cut)
        )
    else:
        return (_frame(source, index, facts, limits) for index in range(count))
    return (
        (_upright(colour.to_srgb(frame, named.SRGB), facts), min(LONGEST_STAY, duration))
        for frame, duration in composed
    )


def _decoded_png(data: bytes, limits: Limits, colours: NamedColours, cut: bool) -> Image.Image:
    """The pixels of a PNG of one frame, whose colours the whole file names, in sRGB."""
    with _opened(data, limits, cut) as source:
        source = replace(source, colours=colours)
        return _frame(source, 0, _facts(source, data, limits, animated=False), limits)[0]


def _upright(frame: Image.Image, facts: Facts) -> Image.Image:
    turn = TURNS.get(facts.orientation)
    return frame.transpose(turn) if turn is not None else frame


def _frame(source: _Source, index: int, facts: Facts, limits: Limits) -> tuple[Image.Image, int]:
    """One frame, upright and in sRGB, and its duration in ms."""
    image, chunks = source.image, source.png
    if index:
        image.seek(index)
    _check_size(image.size, 1, limits)
    image, stored = _load(source, facts)
    opacity = colour.deep_opacity(chunks.data, chunks.key, image) if chunks and chunks.has_deep_key else None
    levels = image.convert("LA") if chunks and chunks.is_deep_grey_alpha and image.mode == "RGBA" else image
    frame = colour.to_srgb(levels, source.colours, opacity, is_last=facts.frame_count == 1)
    if stored:
        frame = Image.composite(frame.convert("RGBA"), Image.new("RGBA", frame.size), stored)
    turn = TURNS.get(exif.orientation(image))
    if turn is not None and facts.source_format != "tiff":
        frame = frame.transpose(turn)
    if facts.frame_count > 1 and frame.size != facts.size:
        frame = frame.crop((0, 0, *facts.size))
    return frame, min(LONGEST_STAY, max(0, round(image.info.get("duration", 0) or 0)))


def _load(source: _Source, facts: Facts) -> tuple[Image.Image, Image.Image | None]:
    """The picture with its pixels decoded, and which pixels of a PNG or a TIFF that may end early are stored (L, 255).
    Raises broken_image where none is."""
    if not (source.is_cut and source.png):
        try:
            source.image.load()
        except OSError:
            mended = source.png and stored_pixels.png_with_checksum(source.png.data)
            if not mended:
                raise
            return mended, None
        return source.image, source.stored and _upright(source.stored, facts)
    stored = stored_pixels.png_pixels(source.png.data)
    if stored is None:
        raise EngineError("broken_image", "The picture cannot be read: none of its pixels are there.")
    with stored_pixels.decoding_parts():
        source.image.load()
    return source.image, stored


def _plays(image: Image.Image, facts: Facts, data: bytes) -> int:
    """How often the animation plays, 0 for ever. A GIF counts repetitions after the first run."""
    if facts.source_format == "avif" and facts.frame_count > 1:
        return min(MOST_PLAYS, avif_loop.plays(data))
    loop = image.info.get("loop", 1 if image.format == "GIF" else 0)
    if image.format == "GIF" and loop and "loop" in image.info:
        loop += 1
    return min(MOST_PLAYS, loop)
