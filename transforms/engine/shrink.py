"""Keeps a mere re-encoding from growing: the quality goes down until it is no larger than its source."""

from transforms.engine import encode, params
from transforms.engine.job import Job
from transforms.engine.picture import Picture

LOSSY = ("jpeg", "webp", "avif")
# Parameters that leave every pixel where and what it is.
REENCODING = {"quality", "metadata", "animated"}
# Up to here a slower encoder is cheap; in larger pictures the quality alone decides.
SMALL_PIXELS = 250_000
SOFTER = (0.8, 0.6, 0.4, 0.2, 0.1, 0.0)


def encoded(picture: Picture, source: Picture, data: bytes, job: Job) -> tuple[bytes, str, tuple[str, ...]]:
    """The encoded picture with warnings; a pure re-encoding in one lossy format is never larger than its source."""
    body, content_type, warnings = encode.encode(picture, job.output_format, job.values)
    if len(body) > len(data) and _is_reencoding(source, content_type, job):
        body = _softened(picture, job, body, len(data))
    if len(body) > len(data):
        warnings += (f"The result has {len(body)} bytes, more than the source's {len(data)}.",)
    return body, content_type, warnings


def _is_reencoding(source: Picture, content_type: str, job: Job) -> bool:
    same = content_type == f"image/{source.source_format}" and source.source_format in LOSSY
    return same and job.output_format != "nocompress" and set(job.values) <= REENCODING


def _softened(picture: Picture, job: Job, body: bytes, most: int) -> bytes:
    """The best quality below the wanted one that fits; the smallest of all when none does."""
    wanted = int(job.values.get("quality", params.default("transform", "quality")))
    small = picture.size[0] * picture.size[1] <= SMALL_PIXELS
    for part in SOFTER:
        values = {**job.values, "quality": max(1, round(wanted * part))}
        smaller, _, _ = encode.encode(picture, job.output_format, values, smallest=small)
        body = min(body, smaller, key=len)
        if len(body) <= most:
            break
    return body
