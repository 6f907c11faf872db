"""Keeps a pure re-encoding from growing: falls back to the source without its metadata, or to a lower quality."""

from PIL import Image, ImageChops

from transforms.engine import formats, geometry
from transforms.engine.codecs import decode, encode, quality, strip
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params

# Parameters that change no pixel, and those that change none when the box is the picture's own size.
REENCODING = {"quality", "max-bytes", "metadata", "animated", "v"}
BOXING = {"w", "h", "dpr", "fit", "enlarge", "position", "focal"}
# Up to here a slower encoder is cheap; in larger pictures the quality alone decides.
SMALL_PIXELS = 250_000
SOFTER = (0.8, 0.6, 0.4, 0.2, 0.1, 0.0)


def encoded(picture: Picture, source: Picture, data: bytes, job: Job) -> quality.Encoded:
    """The encoded picture with warnings; a pure re-encoding in one lossy format is never larger than its source."""
    body, content_type, warnings = quality.encoded(picture, job.output_format, job.values)
    if len(body) > len(data) and _is_reencoding(source, content_type, job):
        body = _copied(source, data, job) or _softened(picture, job, body, len(data))
    if len(body) > len(data) and source.source_format != formats.SVG:
        warnings += (f"The result has {len(body)} bytes, more than the source's {len(data)}.",)
    return body, content_type, warnings


def _is_reencoding(source: Picture, content_type: str, job: Job) -> bool:
    same = content_type == f"image/{source.source_format}" and source.source_format in formats.LOSSY
    same = same and job.output_format != "nocompress" and set(job.values) <= REENCODING | BOXING
    return same and set(_sizes(source, job)) == {source.size}


def _sizes(source: Picture, job: Job) -> tuple[geometry.Size, ...]:
    """The sizes of the source after fitting: a picture that would have to grow for its box keeps its size."""
    fit = geometry.fit(source.nominal, job.values)
    return fit.scaled, fit.cut, fit.canvas


def _copied(source: Picture, data: bytes, job: Job) -> bytes | None:
    """The source's own data without metadata: no loss of quality, unlike encoding it again.

    None where the copy decodes differently, as with an orientation or a profile, or where metadata have to be kept.
    """
    if (job.values.get("metadata") == "copyright" and source.rights) or source.metadata:
        return None
    copy = strip.copy(source.source_format, data)
    if copy is None or len(copy) > len(data):
        return None
    try:
        decoded_copy = decode.open_picture(copy, job.limits, animated=len(source.frames) > 1)
    except EngineError:
        return None
    return copy if _are_same(decoded_copy, source) else None


def _are_same(one: Picture, other: Picture) -> bool:
    if (one.size, one.durations, one.loop) != (other.size, other.durations, other.loop):
        return False
    pairs = zip(one.frames, other.frames, strict=True)
    return all(a.mode == b.mode and not any(_differences(a, b)) for a, b in pairs)


def _differences(one: Image.Image, other: Image.Image) -> list[tuple[int, int, int, int] | None]:
    """The bounding box of the differences in each channel; None where there are none."""
    return [ImageChops.difference(a, b).getbbox() for a, b in zip(one.split(), other.split(), strict=True)]


def _softened(picture: Picture, job: Job, body: bytes, max_bytes: int) -> bytes:
    """The best quality below the requested one that fits; the smallest of all when none does."""
    default_quality = params.defaults(endpoints.TRANSFORM)["quality"]
    requested = job.values.get("quality", default_quality)
    requested_quality = int(default_quality if requested == "auto" else requested)
    small = picture.size[0] * picture.size[1] <= SMALL_PIXELS
    for fraction in SOFTER:
        values: PictureValues = {**job.values, "quality": max(1, round(requested_quality * fraction))}
        candidate, _, _ = encode.encode(picture, job.output_format, values, smallest=small)
        body = min(body, candidate, key=len)
        if len(body) <= max_bytes:
            break
    return body
