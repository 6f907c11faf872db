"""The use case of an image request: read from the cache or render, charge once, store."""

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from billing.charging import credits
from billing.store import Charge
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.outbound.fetch import FetchResult
from telemetry import metrics, recorder
from telemetry.events import CacheStatus, RequestEvent
from transforms import engine_errors
from transforms.access.signed_policies import Policy
from transforms.engine.errors import EngineError
from transforms.engine.job import Output
from transforms.engine.operations import info
from transforms.engine.request import cost
from transforms.serving import cache, concurrency, image_plans, rendering
from transforms.serving.cache import CachedOutput
from transforms.serving.coalesce import SingleFlight
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.tenants import Tenant

SPARE_SECONDS = 5.0
WAIT_SECONDS = 5.0


class ServerBusy(ApiError):
    """Every render slot of this process is in use."""

    status = 503
    code = "busy"

    def __init__(self):
        super().__init__("Too many new pictures are being made at once. Ask again in a moment.", retry_after=2)


@dataclass(frozen=True)
class ImageRequest:
    """An image request: the raw query, the source in the path, and the headers used. Once its signature was verified,
    `query` is without it, and `policy` and `until` (seconds since 1970) are what the signature grants."""

    endpoint: str
    query: str
    path_source: str | None
    accept: str | None
    origin: str | None
    method: str = "GET"
    policy: Policy | None = None
    until: float | None = None
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


@dataclass(frozen=True)
class _WorkResult:
    output: CachedOutput
    halves: int
    recorded: bool
    rendered: bool
    timings: dict[str, float]


_flights: SingleFlight[_WorkResult] = SingleFlight(settings.VAR_DIR / "run" / "locks")
_render_slots = threading.BoundedSemaphore(max(1, settings.GUNICORN_THREADS * 3 // 4))


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
    entry = cache.memory.get(plan.key, plan.purged_before)
    if entry is None and image_request.method == "HEAD":
        entry = cache.read(tenant.folder, plan.key, plan.seconds, plan.purged_before)
        return ImageResponse(plan, entry, CacheStatus.HIT if entry else CacheStatus.MISS)
    if entry:
        return ImageResponse(plan, entry, CacheStatus.HIT)
    timeout = settings.FETCH_TOTAL_SECONDS + settings.RENDER_SECONDS + SPARE_SECONDS
    result, is_leader = _flights.run(plan.key, lambda: _produce(tenant, plan, image_request), timeout)
    if not result.rendered:
        return ImageResponse(plan, result.output, CacheStatus.HIT)
    if not is_leader:
        return ImageResponse(plan, result.output, CacheStatus.COALESCED)
    return ImageResponse(plan, result.output, CacheStatus.MISS, result.halves, result.recorded, result.timings)


def cached(tenant: Tenant, plan: RenderPlan) -> CachedOutput | None:
    """The cache entry of a plan, from memory or the bucket, neither expired nor purged."""
    entry = cache.memory.get(plan.key, plan.purged_before)
    return entry or cache.read(tenant.folder, plan.key, plan.seconds, plan.purged_before)


def _produce(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> _WorkResult:
    """The work of a flight's leader: the cache once more, then peek, fetch, render, charge, store, in that order."""
    entry = cached(tenant, plan)
    if entry:
        return _WorkResult(entry, 0, False, False, {})
    with concurrency.slot(tenant.folder, tenant.limits.concurrency):
        if not _render_slots.acquire(timeout=WAIT_SECONDS):
            raise ServerBusy
        try:
            return _render_and_charge(tenant, plan, image_request)
        finally:
            _render_slots.release()


def _render_and_charge(tenant: Tenant, plan: RenderPlan, image_request: ImageRequest) -> _WorkResult:
    started_at = clock.now()
    _require_credits(_charge(tenant, plan, started_at, cost.halves(plan.spec.endpoint), 0, image_request), tenant)
    stage_started = time.monotonic()
    originals = rendering.read_originals(plan)
    timings = {"fetch": (time.monotonic() - stage_started) * 1000}
    halves = _price(plan, originals)
    if plan.operation == "grid":
        _require_credits(_charge(tenant, plan, started_at, halves, 0, image_request), tenant)
    output = _render(plan, originals)
    entry = _cached_output(plan, output, started_at)
    halves = cost.halves(plan.spec.endpoint, output.composed)
    charged_halves = _settle(_charge(tenant, plan, started_at, halves, _size(plan, entry), image_request), tenant)
    stage_started = time.monotonic()
    cache.write(tenant.folder, plan.key, plan.seconds, entry)
    timings |= output.timings | {"store": (time.monotonic() - stage_started) * 1000}
    return _WorkResult(entry, charged_halves, charged_halves > 0, True, timings)


def _settle(charge: Charge, tenant: Tenant) -> int:
    """Charge. The hour is marked before, so that a crash leaves it marked, and after, when the event is written."""
    recorder.current().record(charge.event)
    charged_halves = credits.charge(charge, tenant.terms)
    if charged_halves:
        recorder.current().record(charge.event)
    return charged_halves


def _price(plan: RenderPlan, originals: list[FetchResult | None]) -> int:
    return cost.halves(plan.spec.endpoint, sum(original is not None for original in originals) or 1)


def _require_credits(charge: Charge, tenant: Tenant) -> None:
    try:
        credits.require_credits(charge, tenant.terms)
    except PynamoDBException as error:
        raise credits.ChargeUnavailable from error


def _charge(
    tenant: Tenant, plan: RenderPlan, started_at: float, halves: int, size: int, image_request: ImageRequest
) -> Charge:
    event = RequestEvent(
        workspace_id=tenant.workspace_id,
        event_id=tokens.time_ordered_id(started_at),
        operation=plan.operation,
        cache=CacheStatus.MISS.recorded,
        origin=image_request.origin or "",
        status=200,
        size=size,
        latency=int((time.monotonic() - image_request.started) * 1000),
        cost=halves,
    )
    return Charge(event, plan.claim, plan.seconds, started_at, plan.purged_before, tenant.limits.retention_days)


def _render(plan: RenderPlan, originals: list[FetchResult | None]) -> Output:
    try:
        return rendering.render(plan, originals)
    except EngineError as error:
        if error.code in ("render_crashed", "render_timeout"):
            metrics.counts().renders_ended.inc()
        raise engine_errors.api_error(error) from error


def _cached_output(plan: RenderPlan, output: Output, started_at: float) -> CachedOutput:
    size = "x".join(map(str, output.source_size)) if output.source_size else ""
    composed = f"{output.composed}/{len(plan.originals)}" if plan.operation == "grid" else ""
    return cache.new_output(
        output.body, output.content_type, plan.seconds, started_at, source_size=size,
        warnings="; ".join(output.warnings), composed=composed, known_purge=plan.purged_before,
    )  # fmt: skip


def _size(plan: RenderPlan, entry: CachedOutput) -> int:
    return len(body_of(plan, entry))


def body_of(plan: RenderPlan, entry: CachedOutput) -> bytes:
    """The bytes to send: an info variant is cut from the one stored JSON."""
    if plan.operation != "info":
        return entry.body
    return info.cut(entry.body, plan.spec.endpoint, plan.spec.select)
