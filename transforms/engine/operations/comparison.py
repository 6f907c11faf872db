"""Two drawings of one picture: the size of each, how far apart their pixels are, and where."""

import base64
import json
import math
from dataclasses import dataclass, replace
from io import BytesIO

import numpy as np
from PIL import Image

from transforms.engine import colour_difference, exhaustion
from transforms.engine.codecs import source_file
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.picture import Picture
from transforms.engine.stopwatch import Stopwatch

CONTENT_TYPE = "application/json"
# Of a picture with more pixels every second one is measured, or every third, across and down: a million take a second,
# and twice that where they are transparent.
MEASURED_PIXELS = 1_000_000
VISIBLE = 2.0
WHITE_AT = 10.0
LONGEST_SIDE = 1_200
# A larger file is shown as a preview, so that the page it stands in has a bound.
SHOWN_BYTES = 2_000_000


@dataclass(frozen=True)
class _Drawing:
    """A file and, where it can be read, its first frame; `fault` says why it cannot."""

    data: bytes
    picture: Picture | None
    fault: str = ""


def render(job: Job) -> Output:
    """The two sources as JSON: `drawings` has the facts of each, and a preview (base64, WebP) of what is large;
    `difference` is null where they cannot be laid over each other.

    The first frames are compared. `median`, `p99` and `greatest` are CIEDE2000; `visible` is the share of pixels above
    VISIBLE; `step`: every step-th pixel was measured, across and down; `picture` (base64, PNG) is black where they are
    the same and white where they differ by WHITE_AT or more.
    """
    watch = Stopwatch()
    drawings = [_read(data or b"", job.limits) for data in job.sources]
    watch.lap("decode")
    document = {"drawings": [_facts(each) for each in drawings], "difference": _difference(*drawings)}
    watch.lap("process")
    return Output(json.dumps(document).encode(), CONTENT_TYPE, 0, 0, timings=watch.laps)


def _read(data: bytes, limits: Limits) -> _Drawing:
    limits = replace(limits, source_pixels=max(limits.source_pixels, limits.output_pixels))
    try:
        return _Drawing(data, source_file.open_picture(data, limits))
    except EngineError as error:
        if exhaustion.is_behind(error):
            raise
        return _Drawing(data, None, error.message)


def _facts(drawing: _Drawing) -> dict[str, object]:
    picture = drawing.picture
    if picture is None:
        return {"width": 0, "height": 0, "frames": 0, "fault": drawing.fault, "preview": ""}
    preview = _preview(picture.frames[0]) if len(drawing.data) > SHOWN_BYTES else ""
    width, height = picture.size
    return {"width": width, "height": height, "frames": picture.frame_count, "fault": "", "preview": preview}


def _preview(image: Image.Image) -> str:
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return _encoded(small, "WEBP", quality=90, method=2)


def _difference(one: _Drawing, other: _Drawing) -> dict[str, object] | None:
    if one.picture is None or other.picture is None or one.picture.size != other.picture.size:
        return None
    frames, (width, height) = (one.picture.frames[0], other.picture.frames[0]), one.picture.size
    step = math.ceil(math.sqrt(width * height / MEASURED_PIXELS))
    differences = colour_difference.of_pictures(*(_sampled(frame, step) for frame in frames))
    median, p99 = np.percentile(differences, (50, 99))
    return {
        "median": float(median),
        "p99": float(p99),
        "greatest": float(differences.max()),
        "visible": float((differences > VISIBLE).mean()),
        "step": step,
        "picture": _encoded(_drawn(differences), "PNG"),
    }


def _sampled(image: Image.Image, step: int) -> Image.Image:
    return image if step == 1 else Image.fromarray(np.asarray(image)[::step, ::step])


def _drawn(differences: np.ndarray) -> Image.Image:
    """The differences as grey. Where it is made smaller each pixel is the greatest of those it stands for."""
    side = math.ceil(max(differences.shape) / LONGEST_SIDE)
    height, width = differences.shape
    padded = np.pad(differences, ((0, -height % side), (0, -width % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, padded.shape[1] // side, side)
    levels = np.clip(blocks.max(axis=(1, 3)) * (255 / WHITE_AT), 0, 255)
    return Image.fromarray(levels.round().astype(np.uint8))


def _encoded(image: Image.Image, file_format: str, **options: int) -> str:
    buffer = BytesIO()
    image.save(buffer, file_format, **options)
    return base64.b64encode(buffer.getvalue()).decode()
