"""How much work a rendering will be, in pixels: those of its sources and those of the picture that is made."""

from dataclasses import dataclass

from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from transforms.engine import effective, geometry
from transforms.engine.containers import header_sizes
from transforms.engine.containers.header_sizes import Promise
from transforms.engine.errors import EngineError
from transforms.engine.limits import Limits
from transforms.serving.image_plans import RenderPlan

LEAST = 100_000  # what a job is beside its pixels


@dataclass(frozen=True)
class Workload:
    """Pixels to go through for a picture: those of its sources, and those that are made (with LEAST). `reduction` is by
    how much the sides of the source are smaller once it is decoded; None where decoding cannot be shared."""

    decoded: int
    made: int
    reduction: int | None = None

    @property
    def pixels(self) -> int:
        """All of them."""
        return self.decoded + self.made


def of_plan(plan: RenderPlan, originals: list[FetchResult | ApiError], limits: Limits) -> Workload:
    """The work of a plan, by the headers of the originals and by what is asked for."""
    promises = [header_sizes.read(original.body) for original in originals if isinstance(original, FetchResult)]
    decoded = sum(min(promise.pixels, limits.source_pixels) for promise in promises)
    made = LEAST + min(_made(plan, promises), limits.output_pixels)
    return Workload(decoded, made, _reduction(plan, promises))


def _reduction(plan: RenderPlan, promises: list[Promise]) -> int | None:
    size = promises[0].size if promises else None
    if plan.operation != "transform" or size is None:
        return None
    try:
        target = geometry.decode_target(size, effective.without_idle_crop(plan.spec.values, size))
    except EngineError:
        return None  # which the render process refuses
    return geometry.reduction(size, target) if target else 1


def of_source(body: bytes, limits: Limits) -> int:
    """Pixels to decode. What promises more than the limit is refused in no time, and counts as the limit."""
    return LEAST + min(header_sizes.read(body).pixels, limits.source_pixels)


def _made(plan: RenderPlan, promises: list[Promise]) -> int:
    """Pixels of the picture, as far as the request and the size of its source tell."""
    values, size = plan.spec.values, promises[0].size if promises else None
    try:
        shape = effective.shape(plan.spec.endpoint, values, size) if size or not plan.originals else None
    except EngineError:
        shape = None  # which the render process refuses
    return shape[-2] * shape[-1] if shape else int(values.get("w", 0)) * int(values.get("h", 0))
