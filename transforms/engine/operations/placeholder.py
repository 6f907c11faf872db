"""Placeholders: a BlurHash or one colour, literal or computed from a source, drawn at the size of the picture."""

from PIL import Image

from transforms.engine import colour
from transforms.engine.codecs import source_file
from transforms.engine.job import Job, Output
from transforms.engine.operations import blurhash, drawn, palette
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import endpoints, params
from transforms.engine.stopwatch import Stopwatch

# The maximum of w, h and dpr; the size of a larger source is scaled down to it.
LONGEST_SIDE = 4096
SEEN_SIZE = (palette.SAMPLED_SIDE, palette.SAMPLED_SIDE)
TRANSPARENT = (0, 0, 0, 0)


def render(job: Job) -> Output:
    """Draw the placeholder of `job`, from its literal value or from its one source."""
    watch = Stopwatch()
    if not job.sources:
        size = (job.values["w"], job.values["h"])
        return _finish(job, _from_literal(job, size), watch, None)
    picture = source_file.open_picture(job.source, job.limits, target=SEEN_SIZE)
    watch.lap("decode")
    size = drawn_size(job.values, picture.source_size)
    return _finish(job, _from_source(job, picture, size), watch, picture.source_size)


def _finish(job: Job, image: Image.Image, watch: Stopwatch, source_size: tuple[int, int] | None) -> Output:
    values: PictureValues = {**job.values}
    if job.endpoint == endpoints.COLOR:
        # A single colour is as small when lossless, and stays exact.
        values["lossless"] = True
    return drawn.finish(image, job.output_format, values, watch, source_size=source_size, shape=image.size)


def _from_literal(job: Job, size: tuple[int, int]) -> Image.Image:
    if job.endpoint == endpoints.COLOR:
        return Image.new("RGBA", size, colour.hex_to_rgba(job.values["color"]))
    return blurhash.draw(job.values["blurhash"], size, _punch(job))


def _from_source(job: Job, picture: Picture, size: tuple[int, int]) -> Image.Image:
    sample = _covering(picture.frames[0], size)
    if job.endpoint == endpoints.COLOR:
        dominant = palette.dominant(sample)
        return Image.new("RGBA", size, TRANSPARENT if dominant is None else (*dominant, 255))
    return blurhash.draw(blurhash.encode_image(sample), size, _punch(job))


def _punch(job: Job) -> float:
    return job.values.get("punch", params.defaults(endpoints.BLURHASH)["punch"])


def drawn_size(values: PictureValues, source: tuple[int, int]) -> tuple[int, int]:
    """The size to draw: the box with both sides for cover, else the source's shape inside it.

    A placeholder reserves space, so unlike /transform it is enlarged to its box.
    """
    width, height = values.get("w"), values.get("h")
    if width and height and values.get("fit") == "cover":
        return width, height
    if width or height:
        scale = min(side / source_side for side, source_side in zip((width, height), source, strict=True) if side)
    else:
        scale = float(values.get("dpr", 1))
    scale = min(scale, LONGEST_SIDE / max(source))
    return max(1, round(source[0] * scale)), max(1, round(source[1] * scale))


def _covering(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The middle of the picture in the shape of `size`."""
    scale = min(image.width / size[0], image.height / size[1])
    width, height = max(1, round(size[0] * scale)), max(1, round(size[1] * scale))
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
