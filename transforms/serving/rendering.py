"""Reading the originals of a plan and rendering it in a child process."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings

from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from transforms.engine import resampling
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.picture_values import PictureValues
from transforms.engine.request import values as request_values
from transforms.render import process
from transforms.render.pool import Pool, Sharing
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import workloads
from transforms.sources.originals import Original

_pools: list[Pool] = []
_making = threading.Lock()


def limits() -> Limits:
    """The limits of the engine, from the settings."""
    return Limits(
        source_bytes=settings.LIMIT_SOURCE_BYTES,
        source_pixels=settings.LIMIT_SOURCE_PIXELS,
        source_side=settings.LIMIT_SOURCE_SIDE,
        source_frames=settings.LIMIT_SOURCE_FRAMES,
        source_scans=settings.LIMIT_SOURCE_SCANS,
        output_pixels=settings.LIMIT_OUTPUT_PIXELS,
    )


def read_originals(plan: RenderPlan) -> list[FetchResult | ApiError]:
    """Each original, fetched in parallel; failed ones of a grid are their errors (the one agreed leniency), any other
    raises ApiError."""
    fetch_original = _read_or_error if plan.operation == "grid" else Original.fetch
    if len(plan.originals) < 2:
        return [fetch_original(original) for original in plan.originals]
    with ThreadPoolExecutor(max_workers=5) as executor:
        originals = list(executor.map(fetch_original, plan.originals))
    if all(isinstance(original, ApiError) for original in originals):
        raise ApiError(
            "None of the sources of this grid could be read.", code="no_source_left", status=422, param="src"
        )
    return originals


def _read_or_error(original: Original) -> FetchResult | ApiError:
    try:
        return original.fetch()
    except ApiError as error:
        return error


def render(workspace: str, plan: RenderPlan, originals: list[FetchResult | ApiError]) -> Output:
    """The output of a plan, in the turn of its workspace. Raises EngineError."""
    job = Job(
        endpoint=plan.spec.endpoint,
        values=_values(plan, originals),
        output_format=plan.output_format,
        sources=tuple(None if isinstance(original, ApiError) else original.body for original in originals),
        limits=limits(),
        is_negotiated=plan.negotiated,
    )
    workload = workloads.of_plan(plan, originals, job.limits)
    sharing = None if workload.reduction is None else Sharing(workload.reduction, workload.made)
    return pool().run(job, workspace, workload.pixels, sharing)


def examine(workspace: str, body: bytes) -> Output:
    """The facts of a source (`/info`), in the turn of its workspace. Raises EngineError."""
    job = Job(endpoint="info", values={}, output_format="json", sources=(body,), limits=limits())
    return pool().run(job, workspace, workloads.of_source(body, job.limits))


def compare(workspace: str, first: bytes, second: bytes) -> Output:
    """Two drawings of a picture compared (`engine.operations.comparison`), in the turn of their workspace. Raises
    EngineError."""
    job = Job(endpoint="comparison", values={}, output_format="json", sources=(first, second), limits=limits())
    return pool().run(job, workspace, sum(workloads.of_source(body, job.limits) for body in job.sources if body))


def _values(plan: RenderPlan, originals: list[FetchResult | ApiError]) -> PictureValues:
    """The canonical values; that there is a mark; and the object's focal point where nothing else places the cut."""
    values: PictureValues = {**plan.spec.values}
    if plan.spec.mark is not None:
        values["mark"] = True
    if values.get("fit") == "cover" and "position" not in values and plan.operation == "transform":
        original = originals[0]
        point = request_values.point(original.focal or "") if isinstance(original, FetchResult) else None
        if point:
            values["focal"] = point
    return values


def resize_kernel() -> tuple[str, ...]:
    """The command-line arguments that tell a render process what resizes."""
    return "--resize", resampling.PILLOW if settings.RENDER_RESIZES_WITH_PILLOW else resampling.SIMD


def models() -> tuple[str, ...]:
    """The command-line arguments that give a render process the weight files of its networks."""
    return "--subjects", settings.BACKGROUND_MODEL, "--faces", settings.FACE_MODEL


def pool() -> Pool:
    """The render processes of this web worker."""
    if not _pools:
        with _making:
            if not _pools:
                _pools.append(
                    Pool(
                        processes=settings.RENDER_PROCESSES,
                        seconds=settings.RENDER_SECONDS,
                        wait_seconds=settings.RENDER_WAIT_SECONDS,
                        memory_bytes=settings.RENDER_MEMORY_BYTES,
                        queue=settings.RENDER_QUEUE,
                        argv=(*process.CHILD, *models(), *resize_kernel()),
                    )
                )
    return _pools[0]
