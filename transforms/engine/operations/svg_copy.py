"""An SVG passed on as SVG: sanitised, and otherwise as it is."""

from transforms.engine import geometry, vectors
from transforms.engine.codecs import source_file
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.formats import SVG_TYPE
from transforms.engine.job import Job, Output
from transforms.engine.stopwatch import Stopwatch


def render(job: Job) -> Output:
    """The sanitised source of `job`. Raises invalid_parameter for a source that is no SVG, and what sanitising does."""
    data = job.source
    if not sniffing.is_svg(data):
        kind = source_file.probe(data, job.limits).source_format.upper()
        raise EngineError(
            "invalid_parameter", f"format=svg passes an SVG on, and the source is none: it is {kind}.", "format"
        )
    watch = Stopwatch()
    drawing = source_file.sanitised(data, job.limits)
    size = source_file.facts_of(drawing, job.limits).size
    watch.lap("process")
    return Output(
        body=drawing.text.encode(),
        content_type=SVG_TYPE,
        width=size[0],
        height=size[1],
        source_size=size,
        warnings=source_file.warnings(drawing),
        timings=watch.laps,
        shape=geometry.fit(size, vectors.growing(job.values)).shape,
        is_vector=True,
    )
