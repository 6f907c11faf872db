"""Information about a picture, as JSON: stored once in full, and reduced to the requested parts."""

import json

from transforms.engine import formats
from transforms.engine.codecs import source_file
from transforms.engine.codecs.decode import Facts
from transforms.engine.job import Job, Output
from transforms.engine.operations import blurhash, camera, palette, thumbhash
from transforms.engine.request.request_parameters import DEFAULT_SELECTION
from transforms.engine.stopwatch import Stopwatch

CONTENT_TYPE = "application/json"
VARIANTS = {
    "info/metadata": ("metadata",),
    "info/colors": ("colors", "palette"),
    "info/blurhash": ("blurhash",),
}
# A JPEG is decoded at no more than an eighth where that leaves enough for colours and hash.
SEEN_SIZE = (palette.SAMPLED_SIDE, palette.SAMPLED_SIDE)


def render(job: Job) -> Output:
    """The one stored JSON of a source: metadata, blurhash, colors, palette, and the parts returned only by `select`."""
    watch = Stopwatch()
    data = job.source
    facts = source_file.probe(data, job.limits)
    picture = source_file.open_picture(data, job.limits, target=SEEN_SIZE)
    watch.lap("decode")
    colours = palette.sample(picture.frames[0])
    document = {
        "metadata": _metadata(facts, len(data)),
        "blurhash": blurhash.encode_image(picture.frames[0]),
        "colors": [_area(colour) for colour in palette.areas(colours)],
        "palette": {name: {"hex": best.hex} if best else None for name, best in palette.swatches(colours).items()},
        "thumbhash": thumbhash.encode_image(picture.frames[0]),
        "exif": camera.facts(source_file.read_exif(data, job.limits)),
    }
    watch.lap("process")
    body = _json(document)
    watch.lap("encode")
    is_vector = facts.source_format == formats.SVG
    return Output(body, CONTENT_TYPE, *facts.size, source_size=facts.size, timings=watch.laps, is_vector=is_vector)


def cut(stored: bytes, endpoint: str, select: tuple[str, ...] | None) -> bytes:
    """The part of the stored JSON for an endpoint and its `select`, keys in the stored order.

    Without `select` these are the parts in TOLD; thumbhash and exif come by `select` only.
    """
    names = VARIANTS.get(endpoint) or select or DEFAULT_SELECTION
    return _json({name: part for name, part in json.loads(stored).items() if name in names})


def _metadata(facts: Facts, size: int) -> dict[str, object]:
    """Width and height are upright; hasAlpha: there is an alpha channel, used or not."""
    name = facts.source_format
    return {
        "bytes": size,
        "contentType": formats.SVG_TYPE if name == formats.SVG else f"image/{name}",
        "format": "jpg" if name == "jpeg" else name,
        "width": facts.size[0],
        "height": facts.size[1],
        "hasAlpha": facts.has_alpha,
        "animated": facts.frame_count > 1,
        "frames": facts.frame_count,
        "orientation": facts.orientation,
    }


def _area(colour: palette.Colour) -> dict[str, object]:
    return {"area": round(colour.area, 4), "hex": colour.hex, "intensity": round(colour.intensity, 4)}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
