"""Chooses the quality of a lossy picture: explicit, by similarity (quality=auto), or so that it fits (max-bytes)."""

import math
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

from PIL import Image

from transforms.engine.codecs import encode, ssim
from transforms.engine.formats import FORMATS
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params

# quality=auto stays between these whatever the measure, in steps that look the same.
FLOOR, CEILING, STEP = 50, 86, 2
TILE = 128
SAMPLE_PIXELS = 400_000
# The cost of max-bytes: encodings besides the first, fewer where each takes long.
MOST_ENCODINGS = 5
ENCODED_PIXELS = 40_000_000
# A first estimate of the size at the lowest quality, and a safety margin so that estimates rather fit than not.
LEAST_SHARE, ROOM = 0.08, 0.97

Encoded = tuple[bytes, str, tuple[str, ...]]


def encoded(picture: Picture, output_format: str, values: PictureValues) -> Encoded:
    """The bytes, their content type and warnings, at the quality by `values`. Raises what encode.encode raises."""
    picture = encode.opaque_if_it_is(picture)
    lossless = output_format == "nocompress" or bool(values.get("lossless", False))
    name = encode.resolve(picture, output_format, lossless)
    lossy = FORMATS[name].is_lossy and not lossless
    requested = values.get("quality", params.defaults(endpoints.TRANSFORM)["quality"])
    tuned = lossy and requested == "auto"
    if requested == "auto":
        requested = _by_similarity(picture, name) if tuned else params.defaults(endpoints.TRANSFORM)["quality"]

    def attempt(quality: int) -> Encoded:
        return encode.encode(picture, output_format, {**values, "quality": quality}, tuned=tuned)

    result = attempt(int(requested))
    max_bytes = values.get("max-bytes")
    if max_bytes is None or len(result[0]) <= max_bytes:
        return result
    if lossy:
        result = _within(attempt, result, int(requested), max_bytes, _encodings(picture))
    return result if len(result[0]) <= max_bytes else _warned(result, max_bytes, lossless)


def choose(reaches: Callable[[int], bool]) -> int:
    """The least quality that reaches the target, else the ceiling; calls `reaches` at most five times."""
    low, high = 0, (CEILING - FLOOR) // STEP
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if reaches(FLOOR + STEP * middle) else (middle + 1, high)
    return FLOOR + STEP * low


def _by_similarity(picture: Picture, name: str) -> int:
    """quality=auto: the least quality whose worst parts, in a sample of the picture, reach the target similarity."""
    flattened = encode.flattened(picture.frames[0])
    sample = sampled(flattened)
    tile = None if sample is flattened else (TILE, TILE)
    if min(sample.size) < ssim.LEAST_SIDE:
        return CEILING
    target = FORMATS[name].ssim_target
    assert target is not None  # every lossy format has one
    still_picture = replace(picture, frames=(sample,), durations=(0,), rights={})

    def reaches(quality: int) -> bool:
        body, _, _ = encode.encode(still_picture, name, {"quality": quality}, tuned=True)
        with Image.open(BytesIO(body)) as image:
            return ssim.worst(sample, image.convert("RGB"), tile) >= target

    return choose(reaches)


def sampled(image: Image.Image) -> Image.Image:
    """A small or very narrow picture as it is; of a larger one, evenly spread tiles, side by side at full scale.

    A scaled-down copy would not show the encoder's artefacts.
    """
    if image.width * image.height <= SAMPLE_PIXELS or min(image.size) < TILE:
        return image
    tiles = SAMPLE_PIXELS // TILE**2
    columns = max(1, min(image.width // TILE, tiles, round(math.sqrt(tiles * image.width / image.height))))
    rows = max(1, min(image.height // TILE, tiles // columns))
    sample = Image.new("RGB", (columns * TILE, rows * TILE))
    for column in range(columns):
        for row in range(rows):
            left, top = _spread(column, columns, image.width - TILE), _spread(row, rows, image.height - TILE)
            sample.paste(image.crop((left, top, left + TILE, top + TILE)), (column * TILE, row * TILE))
    return sample


def _spread(index: int, count: int, slack: int) -> int:
    return slack // 2 if count == 1 else index * slack // (count - 1)


def _encodings(picture: Picture) -> int:
    pixels = picture.size[0] * picture.size[1] * len(picture.frames)
    return max(2, min(MOST_ENCODINGS, ENCODED_PIXELS // pixels))


def _within(
    attempt: Callable[[int], Encoded], first: Encoded, first_quality: int, max_bytes: int, encodings: int
) -> Encoded:
    """The best quality that fits into `max_bytes`; the smallest file of all attempts where none does.

    Interpolation alternates with bisection: no formula of size by quality holds for every picture.
    """
    fits, best = (0, LEAST_SHARE * len(first[0])), None
    over, smallest = (first_quality, len(first[0])), first
    for round_number in range(encodings):
        if over[0] - fits[0] < 2:
            break
        quality = (fits[0] + over[0]) // 2 if round_number % 2 else _between(fits, over, max_bytes * ROOM)
        if best is None and round_number == encodings - 1:
            quality = 1
        candidate = attempt(quality)
        smallest = min(smallest, candidate, key=lambda result: len(result[0]))
        if len(candidate[0]) <= max_bytes:
            fits, best = (quality, len(candidate[0])), candidate
        else:
            over = (quality, len(candidate[0]))
    return best or smallest


def _between(fits: tuple[int, float], over: tuple[int, float], target_bytes: float) -> int:
    """The quality that should give `target_bytes`, between one that fits and one that does not: log-linear."""
    (low, small), (high, large) = fits, over
    share = math.log(target_bytes / small) / math.log(large / small) if 0 < small < target_bytes < large else 0.5
    return max(low + 1, min(high - 1, low + int((high - low) * share)))


def _warned(result: Encoded, max_bytes: int, lossless: bool) -> Encoded:
    body, content_type, warnings = result
    reason = "no quality of this format is smaller"
    if content_type in ("image/png", "image/gif"):
        reason = "PNG and GIF have no quality to lower"
    elif lossless:
        reason = "what keeps every pixel has no quality to lower"
    warning = f"The result has {len(body)} bytes, more than max-bytes={max_bytes}: {reason}."
    return body, content_type, (*warnings, warning)
