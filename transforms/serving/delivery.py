"""The use case of an image request: read from the cache or render, charge once, store."""

import time
from dataclasses import dataclass, field

from django.conf import settings

from billing.charging.credits import ChargeUnavailable
from imgapis.base import waiting
from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from telemetry import metrics
from telemetry.events import CacheStatus
from transforms import engine_errors
from transforms.access.signed_policies import Policy
from transforms.engine.containers import sniffing
from transforms.engine.errors import EngineError
from transforms.engine.job import Output
from transforms.engine.operations import info
from transforms.engine.request.query import Query
from transforms.serving import cache, image_plans, missing, rendering
from transforms.serving.cache import CachedOutput
from transforms.serving.charging import claims, unsettled
from transforms.serving.charging.claims import Prints
from transforms.serving.charging.settlement import Settlement
from transforms.serving.charging.unsettled import FinishedPicture
from transforms.serving.coalesce import SingleFlight, WaitedTooLong
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import concurrency, failures, free_work, shared_fetches, workloads
from transforms.sources import lifetimes
from transforms.tenant import tenants
from transforms.tenant.tenants import Tenant

SPARE_SECONDS = 5.0


@dataclass(frozen=True)
class ImageRequest:
    """An image request: its query, the source in the path, and the headers used. Once its signature was verified,
    `query` is without it, and `policy` and `until` (seconds since 1970) are what the signature grants.
    `fallback_status` is the status that a fallback is sent with; None where the picture itself is meant."""

    endpoint: str
    query: Query
    path_source: str | None
    accept: str | None
    origin: str | None
    method: str = "GET"
    policy: Policy | None = None
    until: float | None = None
    fallback_status: int | None = None
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class ImageResponse:
    """The outcome: the output (None: a cold HEAD), how it came about, what it cost in half-credits, whether its
    event is written already, and the milliseconds of each stage."""

    plan: RenderPlan
    output: CachedOutput | None
    cache: CacheStatus
    halves: int = 0
    recorded: bool = False
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _WorkResult:
    output: CachedOutput
    halves: int
    recorded: bool
    rendered: bool
    timings: dict[str, float]


_flights: SingleFlight[_WorkResult] = SingleFlight(settings.VAR_DIR / "run" / "locks")


def deliver(tenant: Tenant, image_request: ImageRequest) -> ImageResponse:
    """Answer an image request after its access was checked. Raises ApiError; an error is never charged (B3)."""
    plan = image_plans.make(
        tenant,
        image_request.endpoint,
        image_request.query,
        image_request.path_source,
        image_request.accept,
        image_request.policy,
    )
    return deliver_plan(tenant, plan, image_request)


def deliver_plan(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> ImageResponse:
    """Deliver the picture of a plan: the request's own, or of its fallback. Raises ApiError, and nothing is charged."""
    entry = _in_memory(plan)
    if entry:
        return ImageResponse(plan, entry, CacheStatus.HIT)
    if image_request.method == "HEAD":
        free_work.spend(tenant.workspace_id, free_work.HEAD)
    with waiting.place(tenant.workspace_id):
        return _deliver_slowly(tenant, plan, image_request)


def _deliver_slowly(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> ImageResponse:
    """Answer what is not in memory: from the bucket, or by the work of this request or of another one."""
    if image_request.method == "HEAD":
        entry = _in_bucket(tenant, plan)
        if entry is None:
            missing.require_sources(tenant.workspace_id, plan)
        return ImageResponse(plan, entry, CacheStatus.HIT if entry else CacheStatus.MISS)
    result, is_leader = _flights.run(
        plan.key,
        lambda: _produce(tenant, plan, image_request),
        _seconds_left(image_request),
        fits=lambda outcome: plan.accepts(outcome.output),
        since=plan.purged_before,
        error_age=settings.FETCH_TOTAL_SECONDS,  # it may be of a fetch that the leader joined
    )
    require_served_now(tenant, plan)
    if not result.rendered:
        return ImageResponse(plan, result.output, CacheStatus.HIT)
    if not is_leader:
        return ImageResponse(plan, result.output, CacheStatus.COALESCED)
    return ImageResponse(plan, result.output, CacheStatus.MISS, result.halves, result.recorded, result.timings)


def _seconds_left(image_request: ImageRequest) -> float:
    """How long a request may wait for a picture: a fallback has what the failing source has left of it."""
    if image_request.fallback_status is None:
        return longest_seconds()
    return max(0.0, longest_seconds() - (time.monotonic() - image_request.started))


def _turn_seconds(image_request: ImageRequest) -> float:
    """How long a request may wait for its turn; negative: a fallback came too late to be made within the time that an
    answer takes at most."""
    if image_request.fallback_status is None:
        return settings.TURN_SECONDS
    return settings.TURN_SECONDS - (time.monotonic() - image_request.started)


def require_served_now(tenant: Tenant, plan: RenderPlan) -> None:
    """Raise PictureBlocked where staff have blocked the picture while it was being made (H25)."""
    try:
        current = tenants.of_namespace(tenant.namespace)
    except tenants.StateUnavailable:
        return
    if current is not None:
        image_plans.require_served(current, plan.originals)


def cached(tenant: Tenant, plan: RenderPlan) -> CachedOutput | None:
    """The cache entry of a plan, from memory or the bucket, neither expired nor purged nor too old for it."""
    return _in_memory(plan) or _in_bucket(tenant, plan)


def _in_memory(plan: RenderPlan) -> CachedOutput | None:
    entry = cache.memory.get(plan.key, plan.purged_before, plan.engine)
    return entry if entry and plan.accepts(entry) else None


def _in_bucket(tenant: Tenant, plan: RenderPlan) -> CachedOutput | None:
    entry = cache.read(tenant.folder, plan.key, plan.retention, plan.purged_before, plan.engine)
    return entry if entry and plan.accepts(entry) else None


def longest_seconds() -> float:
    """How long a new picture can take: its turn, its fetch, its place in the queue and its rendering."""
    own = settings.FETCH_TOTAL_SECONDS + settings.RENDER_SECONDS
    return settings.TURN_SECONDS + settings.RENDER_WAIT_SECONDS + own + SPARE_SECONDS


def _produce(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> _WorkResult:
    """The work of a flight's leader: the cache once more, then peek, fetch, render, charge, store, in that order."""
    entry = cached(tenant, plan)
    if entry:
        return _WorkResult(output=entry, halves=0, recorded=False, rendered=False, timings={})
    _require_may_begin(tenant, plan)
    turn_seconds = _turn_seconds(image_request)
    if turn_seconds < 0:
        raise WaitedTooLong
    with concurrency.slot(tenant.folder, tenant.limits.concurrency, turn_seconds):
        _require_may_begin(tenant, plan)  # others may have failed while this waited
        try:
            return _render_and_charge(tenant, plan, image_request)
        except ApiError as refusal:
            failures.memory.note(tenant, plan, refusal)
            raise


def _require_may_begin(tenant: Tenant, plan: RenderPlan) -> None:
    """Raise what the same sources met a moment ago, which costs nothing again; or FreeWorkUsedUp where so many others
    of the workspace have failed that they used up its free work (H13)."""
    failures.memory.check(tenant, plan)
    free_work.require_none_owed(tenant.workspace_id)


def _render_and_charge(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> _WorkResult:
    picture, timings = unsettled.memory.find(plan), dict[str, float]()
    status = image_request.fallback_status or 200
    charge = Settlement(tenant, plan, image_request.origin or "", image_request.started, status)
    try:
        charge.look()
        picture = picture or _make(tenant, plan, charge, timings)
        require_served_now(tenant, plan)
        size = len(body_of(plan, picture.entry))
        charged_halves = charge.settle(picture.output, picture.prints, size, picture.seconds_from(charge.started))
    except ChargeUnavailable:
        if picture:
            unsettled.memory.keep(plan, picture)
        raise
    unsettled.memory.drop(plan)
    stage_started = time.monotonic()
    cache.write(tenant.folder, plan.key, plan.retention, picture.entry)
    timings["store"] = (time.monotonic() - stage_started) * 1000
    return _WorkResult(
        output=picture.entry, halves=charged_halves, recorded=charged_halves > 0, rendered=True, timings=timings
    )


def _make(tenant: Tenant, plan: RenderPlan, charge: Settlement, timings: dict[str, float]) -> FinishedPicture:
    """Fetch and render the picture of a plan, whose charge is looked at between the two; `timings` gets the
    milliseconds of each stage."""
    with shared_fetches.fetches.of(tenant, plan) as shared:
        stage_started = time.monotonic()
        originals = rendering.read_originals(shared.plan)
        timings["fetch"] = (time.monotonic() - stage_started) * 1000
        prints = claims.prints_of(tenant, originals)
        charge.look_again(prints)
        output = _render(tenant, plan, originals)
    timings |= output.timings
    failures.memory.forget(tenant, plan)
    seconds = _paid_life(plan, output, originals)
    stored_prints = claims.prints_to_store(tenant, plan, prints, output.used)
    # As old as its sources: a purge after these were read is after it, also where this request came later (H16).
    entry = _cached_output(plan, output, originals, stored_prints, shared.began(charge.started), seconds)
    return FinishedPicture(output, prints, entry, seconds)


def _render(tenant: Tenant, plan: RenderPlan, originals: list[FetchResult | ApiError]) -> Output:
    """The output; a rendering that fails is taken from the free work of its workspace."""
    try:
        return rendering.render(tenant.workspace_id, plan, originals)
    except EngineError as error:
        if error.code in ("render_crashed", "render_timeout"):
            metrics.counts().renders_ended.inc()
        pixels = workloads.of_plan(plan, originals, rendering.limits()).pixels
        has_drawing = any(isinstance(each, FetchResult) and sniffing.is_svg(each.body) for each in originals)
        points = free_work.points_of_failure(error.code, pixels, is_early=error.is_early, has_drawing=has_drawing)
        free_work.note(tenant.workspace_id, points)
        raise engine_errors.api_error(error) from error


def _cached_output(
    plan: RenderPlan,
    output: Output,
    originals: list[FetchResult | ApiError],
    prints: Prints,
    started_at: float,
    paid_seconds: int,
) -> CachedOutput:
    size = "x".join(map(str, output.source_size)) if output.source_size else ""
    composed = f"{output.composed}/{len(plan.originals)}" if plan.operation == "grid" else ""
    return cache.new_output(
        output.body,
        output.content_type,
        _life(plan, output, originals, paid_seconds),
        started_at,
        source_size=size,
        warnings="; ".join(output.warnings),
        composed=composed,
        prints=",".join(prints),
        known_purge=plan.purged_before,
        is_vector=output.is_vector,
    )


def _paid_life(plan: RenderPlan, output: Output, originals: list[FetchResult | ApiError]) -> int:
    """The seconds that a charge of an output pays for: within what the origins of all it shows allow, where that
    counts."""
    used = [original for index, original in enumerate(originals) if index in output.used or plan.operation != "grid"]
    origins = (original.fresh_seconds for original in used if not isinstance(original, ApiError))
    return lifetimes.within_origins(plan.seconds, origins)


def _life(plan: RenderPlan, output: Output, originals: list[FetchResult | ApiError], paid_seconds: int) -> int:
    """The seconds an output is kept. A grid without some of its sources is kept until it can be whole: a minute, or a
    day where each of them was said not to be there (404, 410)."""
    dropped = [original for index, original in enumerate(originals) if index not in output.used]
    if plan.operation != "grid" or not dropped:
        return paid_seconds
    is_gone = all(isinstance(each, ApiError) and each.code == "source_missing" for each in dropped)
    return min(paid_seconds, cache.DAY_SECONDS if is_gone else cache.FAULT_SECONDS)


def body_of(plan: RenderPlan, entry: CachedOutput) -> bytes:
    """The bytes to send: an info variant is cut from the one stored JSON."""
    if plan.operation != "info":
        return entry.body
    return info.cut(entry.body, plan.spec.endpoint, plan.spec.select)
