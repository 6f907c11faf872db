"""The use case of an image request: read from the cache or render, charge once, store."""

import threading
import time
from dataclasses import dataclass, field

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from billing import credits
from billing.store import Charge
from imgapis.base import clock, tokens
from imgapis.base.errors import Refusal
from telemetry import metrics, recorder
from telemetry.events import Happened
from transforms import cache, crowding, engine_errors, plans, rendering
from transforms.cache import Kept
from transforms.coalesce import Flights
from transforms.engine import cost, info
from transforms.engine.errors import EngineError
from transforms.engine.job import Output
from transforms.fetch import Fetched
from transforms.plans import Plan
from transforms.policies import Policy
from transforms.tenants import Tenant

SPARE_SECONDS = 5.0
WAIT_SECONDS = 5.0


class Busy(Refusal):
    """Every render slot of this process is in use."""

    status = 503
    code = "busy"

    def __init__(self):
        super().__init__("Too many new pictures are being made at once. Ask again in a moment.", retry_after=2)


@dataclass(frozen=True)
class Asked:
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
class Delivered:
    """The outcome: the output (None: a cold HEAD), how it came about, what it cost in half-credits, whether its
    event is written already, and the milliseconds of each stage."""

    plan: Plan
    kept: Kept | None
    cache: str
    halves: int = 0
    recorded: bool = False
    timings: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Made:
    kept: Kept
    halves: int
    recorded: bool
    rendered: bool
    timings: dict[str, float]


_flights: Flights[_Made] = Flights(settings.VAR_DIR / "run" / "locks")
_places = threading.BoundedSemaphore(max(1, settings.GUNICORN_THREADS * 3 // 4))


def deliver(tenant: Tenant, image_request: Asked) -> Delivered:
    """Answer an image request after its access was checked. Raises Refusal; an error is never charged (B3)."""
    plan = plans.make(
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
        return Delivered(plan, entry, "HIT" if entry else "MISS")
    if entry:
        return Delivered(plan, entry, "HIT")
    timeout = settings.FETCH_TOTAL_SECONDS + settings.RENDER_SECONDS + SPARE_SECONDS
    result, is_leader = _flights.run(plan.key, lambda: _make(tenant, plan, image_request), timeout)
    if not result.rendered:
        return Delivered(plan, result.kept, "HIT")
    if not is_leader:
        return Delivered(plan, result.kept, "COALESCED")
    return Delivered(plan, result.kept, "MISS", result.halves, result.recorded, result.timings)


def cached(tenant: Tenant, plan: Plan) -> Kept | None:
    """The cache entry of a plan, from memory or the bucket, neither expired nor purged."""
    entry = cache.memory.get(plan.key, plan.purged_before)
    return entry or cache.read(tenant.folder, plan.key, plan.seconds, plan.purged_before)


def _make(tenant: Tenant, plan: Plan, image_request: Asked) -> _Made:
    """The work of a flight's leader: the cache once more, then peek, fetch, render, charge, store, in that order."""
    entry = cached(tenant, plan)
    if entry:
        return _Made(entry, 0, False, False, {})
    with crowding.place(tenant.folder, tenant.limits.concurrency):
        if not _places.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            return _render_and_charge(tenant, plan, image_request)
        finally:
            _places.release()


def _render_and_charge(tenant: Tenant, plan: Plan, image_request: Asked) -> _Made:
    started_at = clock.now()
    _peek(_charge(tenant, plan, started_at, cost.halves(plan.spec.endpoint), 0, image_request), tenant)
    stage_started = time.monotonic()
    originals = rendering.read_originals(plan)
    timings = {"fetch": (time.monotonic() - stage_started) * 1000}
    halves = _price(plan, originals)
    if plan.operation == "grid":
        _peek(_charge(tenant, plan, started_at, halves, 0, image_request), tenant)
    output = _render(plan, originals)
    entry = _keep(plan, output, started_at)
    halves = cost.halves(plan.spec.endpoint, output.composed)
    charged_halves = _settle(_charge(tenant, plan, started_at, halves, _size(plan, entry), image_request), tenant)
    stage_started = time.monotonic()
    cache.write(tenant.folder, plan.key, plan.seconds, entry)
    timings |= output.timings | {"store": (time.monotonic() - stage_started) * 1000}
    return _Made(entry, charged_halves, charged_halves > 0, True, timings)


def _settle(charge: Charge, tenant: Tenant) -> int:
    """Charge. The hour is marked before, so that a crash leaves it marked, and after, when the event is written."""
    recorder.current().record(charge.happened)
    charged_halves = credits.charge(charge, tenant.terms)
    if charged_halves:
        recorder.current().record(charge.happened)
    return charged_halves


def _price(plan: Plan, originals: list[Fetched | None]) -> int:
    return cost.halves(plan.spec.endpoint, sum(original is not None for original in originals) or 1)


def _peek(charge: Charge, tenant: Tenant) -> None:
    try:
        credits.peek(charge, tenant.terms)
    except PynamoDBException as error:
        raise credits.ChargeUnavailable from error


def _charge(tenant: Tenant, plan: Plan, started_at: float, halves: int, size: int, image_request: Asked) -> Charge:
    event = Happened(
        workspace_id=tenant.workspace_id,
        event_id=tokens.time_ordered_id(started_at),
        operation=plan.operation,
        cache="miss",
        origin=image_request.origin or "",
        status=200,
        size=size,
        latency=int((time.monotonic() - image_request.started) * 1000),
        cost=halves,
    )
    return Charge(event, plan.claim, plan.seconds, started_at, plan.purged_before, tenant.limits.retention_days)


def _render(plan: Plan, originals: list[Fetched | None]) -> Output:
    try:
        return rendering.render(plan, originals)
    except EngineError as error:
        if error.code in ("render_crashed", "render_timeout"):
            metrics.counts().renders_ended.inc()
        raise engine_errors.refusal(error) from error


def _keep(plan: Plan, output: Output, started_at: float) -> Kept:
    size = "x".join(map(str, output.source_size)) if output.source_size else ""
    composed = f"{output.composed}/{len(plan.originals)}" if plan.operation == "grid" else ""
    return cache.fresh(
        output.body, output.content_type, plan.seconds, started_at, source_size=size,
        warnings="; ".join(output.warnings), composed=composed,
    )  # fmt: skip


def _size(plan: Plan, entry: Kept) -> int:
    return len(body_of(plan, entry))


def body_of(plan: Plan, entry: Kept) -> bytes:
    """The bytes to send: an info variant is cut from the one stored JSON."""
    if plan.operation != "info":
        return entry.body
    return info.cut(entry.body, plan.spec.endpoint, plan.spec.select)
