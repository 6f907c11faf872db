"""The order of the steps of a transform (STEPS), and the render function of each operation."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import ModuleType

from PIL import Image

from transforms.engine import colour, effective, geometry, picture_values, vectors
from transforms.engine.codecs import encode, source_file
from transforms.engine.codecs.decode import Facts
from transforms.engine.codecs.decodings import Decodings, Options
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.formats import FORMATS, SVG, Format
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.operations import comparison, grid, info, placeholder, shrink, svg_copy
from transforms.engine.picture import Picture
from transforms.engine.picture_values import PictureValues
from transforms.engine.steps import (
    background,
    blur,
    brightness,
    canvas,
    contrast,
    crop,
    cutout,
    flip,
    gamma,
    grayscale,
    hue,
    mark,
    padding,
    radius,
    resize,
    rotate,
    saturation,
    sharpen,
    tint,
    trim,
)
from transforms.engine.stopwatch import Stopwatch

# Crop and rotate, scale, change colours, filter, then canvas, mark and padding; the background comes last, under all.
STEPS = [
    crop,
    cutout,
    trim,
    rotate,
    flip,
    resize,
    brightness,
    contrast,
    gamma,
    saturation,
    hue,
    grayscale,
    tint,
    blur,
    sharpen,
    canvas,
    mark,
    radius,
    padding,
    background,
]
# Steps that may leave every pixel as it is, and their parameters.
COMPARED: Mapping[ModuleType, str] = {
    cutout: "background-remove",
    rotate: "rotate",
    flip: "flip",
    brightness: "brightness",
    contrast: "contrast",
    gamma: "gamma",
    saturation: "saturation",
    hue: "hue",
    grayscale: "grayscale",
    tint: "tint",
    blur: "blur",
    sharpen: "sharpen",
    radius: "radius",
    background: "background",
}


def transform(job: Job, decodings: Decodings | None = None) -> Output:
    """Renders one source. Raises EngineError; timings are wall milliseconds of decode, process and encode. `decodings`
    may have the source decoded already, and has it afterwards."""
    data = job.source
    if job.output_format == SVG:
        return svg_copy.render(job)
    watch = Stopwatch()
    turned = replace(job, values=effective.turned_once(job.values))
    source, job = _decoded(data, turned, decodings or Decodings())
    watch.lap("decode")
    picture = processed(_with_mark(source, job), job.values, job.limits)
    job = replace(job, values=picture_values.without(job.values, picture.idle))
    watch.lap("process")
    if job.is_negotiated:
        output_format, changed = encode.holding(picture, job.output_format)
        job, picture = replace(job, output_format=output_format), picture.warned(*changed)
    body, content_type, warnings = shrink.encoded(picture, source, data, job)
    watch.lap("encode")
    return Output(
        body=body,
        content_type=content_type,
        width=picture.size[0],
        height=picture.size[1],
        source_size=source.source_size,
        warnings=(*picture.warnings, *warnings),
        timings=watch.laps,
        shape=picture.shape if "trim" in picture.idle else (*picture.shape, *picture.trimmed),
        is_vector=source.source_format == SVG,
        idle=picture.idle,
    )


def _decoded(data: bytes, job: Job, decodings: Decodings) -> tuple[Picture, Job]:
    """The source, no larger than the steps need it, and with all frames only where they can be kept; and the job
    without a crop that turns out to be the whole picture. What there is of a cut file, where that is allowed."""
    try:
        return _opened(data, job, decodings)
    except EngineError as error:
        if error.code != "broken_image" or job.values.get("truncated") != "allow":
            raise
        return _opened(data, job, decodings, cut=True)


def _may_be_animated(output_format: str) -> bool:
    return output_format in ("auto", "nocompress") or FORMATS[output_format].is_animated


def _opened(data: bytes, job: Job, decodings: Decodings, *, cut: bool = False) -> tuple[Picture, Job]:
    if sniffing.is_svg(data):
        return _drawn(data, job)
    animated = bool(job.values.get("animated", True)) and _may_be_animated(job.output_format)
    options = Options(
        job.limits,
        animated=animated,
        cut=cut,
        keeps_profile=job.values.get("profile") == "keep",
        keeps_metadata=job.values.get("metadata") == "keep",
    )
    picture = decodings.open_picture(data, options, lambda facts: _target(facts, job))
    job = replace(job, values=effective.without_idle_crop(job.values, picture.source_size))
    return _with_effective(job, picture, cut)


def _target(facts: Facts, job: Job) -> geometry.Size | None:
    """How large the source is needed. Raises, before it is decoded, what its size alone is refused for."""
    try:
        effective.check_output(job.values, facts.size, job.limits, _known_format(facts.source_format, job))
        return geometry.decode_target(facts.size, effective.without_idle_crop(job.values, facts.size))
    except EngineError as error:
        error.is_early = True
        raise


def _known_format(source_format: str, job: Job) -> Format | None:
    """The format of the output, where neither its pixels decide it nor another one stands in for it."""
    if job.is_negotiated:
        return None
    is_kept = job.output_format == "nocompress" and source_format == "webp"
    return FORMATS.get(source_format if is_kept else job.output_format)


def _drawn(data: bytes, job: Job) -> tuple[Picture, Job]:
    """An SVG, drawn as large as the steps need it, and the job with the values that are left for them."""
    source = source_file.sanitised(data, job.limits)
    plan = vectors.plan(source_file.facts_of(source, job.limits).size, job.values, job.limits)
    effective.check_output(plan.values, plan.nominal, job.limits, _known_format(SVG, job))
    picture = source_file.drawn(source, job.limits, plan.size, plan.region)
    return _with_effective(replace(job, values=plan.values), replace(picture, nominal=plan.nominal), cut=False)


def _with_effective(job: Job, picture: Picture, cut: bool) -> tuple[Picture, Job]:
    """The picture, and the job without the values that turned out to change nothing of it, and with its colours."""
    metadata = picture.rights if job.values.get("metadata") == "copyright" else picture.metadata
    changed = {"profile": picture.profile, "truncated": cut, "metadata": metadata, "animated": picture.frame_count > 1}
    idle = [name for name, matters in changed.items() if name in job.values and not matters]
    values = _in_colours_of(picture, picture_values.without(job.values, idle))
    return picture.unchanged_by(*idle), replace(job, values=values)


def _in_colours_of(picture: Picture, values: PictureValues) -> PictureValues:
    if picture.profile and "background" in values:
        values["background"] = _in_profile(values["background"], picture.profile)
    if picture.profile and "tint" in values:
        values["tint"] = _in_profile(values["tint"], picture.profile)
    return values


def _in_profile(value: str, profile: bytes) -> str:
    *ink, alpha = colour.hex_to_rgba(value)
    moved = colour.to_profile(Image.new("RGB", (1, 1), tuple(ink)), profile).tobytes()
    return bytes((*moved, alpha)).hex()


def _with_mark(picture: Picture, job: Job) -> Picture:
    return replace(picture, mark=job.sources[1]) if "mark" in job.values else picture


def processed(picture: Picture, values: PictureValues, limits: Limits) -> Picture:
    """The picture after every step in order; a step without its parameter changes nothing."""
    for step in STEPS:
        picture = _after(step, picture, values, limits)
    return picture


def _after(step: ModuleType, before: Picture, values: PictureValues, limits: Limits) -> Picture:
    """The picture after one step. Of all steps before it only the last one's frames are held meanwhile."""
    picture = step.apply(before, values, limits)
    name = COMPARED.get(step, "")
    is_idle = name in values and picture.is_whole(values) and picture.looks_like(before)
    return picture.unchanged_by(name) if is_idle else picture


OPERATIONS: Mapping[str, Callable[[Job], Output]] = {
    "transform": transform,
    "info": info.render,
    "grid": grid.render,
    "placeholder": placeholder.render,
    "comparison": comparison.render,
}


def render(job: Job, decodings: Decodings | None = None) -> Output:
    """Renders a job by its operation, the first word of its endpoint. Raises EngineError. `decodings` have what other
    jobs of its source have decoded."""
    operation = job.endpoint.partition("/")[0]
    return transform(job, decodings) if operation == "transform" else OPERATIONS[operation](job)
