"""Encodes a picture that was drawn rather than decoded into an Output."""

from PIL import Image

from transforms.engine.codecs import quality
from transforms.engine.job import Output
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.stopwatch import Stopwatch


def finish(
    image: Image.Image,
    output_format: str,
    values: PictureValues,
    watch: Stopwatch,
    *,
    source_size: tuple[int, int] | None = None,
    shape: tuple[int, ...] = (),
    used: tuple[int, ...] = (0,),
    idle: tuple[str, ...] = (),
) -> Output:
    """`image` (RGB or RGBA) as an Output; `values` gives quality and lossless."""
    watch.lap("process")
    body, content_type, warnings = quality.encoded(_picture(image), output_format, values)
    watch.lap("encode")
    return Output(
        body=body,
        content_type=content_type,
        width=image.width,
        height=image.height,
        source_size=source_size,
        shape=shape,
        used=used,
        idle=idle,
        warnings=warnings,
        timings=watch.laps,
    )


def _picture(image: Image.Image) -> Picture:
    return Picture(
        frames=(image,),
        durations=(0,),
        loop=0,
        has_alpha=image.mode == "RGBA",
        source_format="png",
        source_size=image.size,
        orientation=1,
        frame_count=1,
        nominal=image.size,
    )
