"""The use case: a picture asked for, cached or made, charged once, answered."""

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
    """Every place for new work is taken."""

    status = 503
    code = "busy"

    def __init__(self):
        super().__init__("Too many new pictures are being made at once. Ask again in a moment.", retry_after=2)


@dataclass(frozen=True)
class Asked:
    """An image request: the raw query, the path sugar, and the headers that matter. Once its signature was checked,
    `query` is without it, and `policy` and `until` (seconds since 1970) are what it allows."""

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


def deliver(tenant: Tenant, asked: Asked) -> Delivered:
    """Answer an image request after its access was checked. Raises Refusal; an error is never charged (B3)."""
    plan = plans.make(tenant, asked.endpoint, asked.query, asked.path_source, asked.accept, asked.policy)
    kept = cache.memory.get(plan.key, plan.purged_before)
    if kept is None and asked.method == "HEAD":
        kept = cache.read(tenant.folder, plan.key, plan.seconds, plan.purged_before)
        return Delivered(plan, kept, "HIT" if kept else "MISS")
    if kept:
        return Delivered(plan, kept, "HIT")
    seconds = settings.FETCH_TOTAL_SECONDS + settings.RENDER_SECONDS + SPARE_SECONDS
    made, led = _flights.run(plan.key, lambda: _make(tenant, plan, asked), seconds)
    if not made.rendered:
        return Delivered(plan, made.kept, "HIT")
    if not led:
        return Delivered(plan, made.kept, "COALESCED")
    return Delivered(plan, made.kept, "MISS", made.halves, made.recorded, made.timings)


def cached(tenant: Tenant, plan: Plan) -> Kept | None:
    """The output of a plan out of memory or the bucket, neither expired nor purged."""
    held = cache.memory.get(plan.key, plan.purged_before)
    return held or cache.read(tenant.folder, plan.key, plan.seconds, plan.purged_before)


def _make(tenant: Tenant, plan: Plan, asked: Asked) -> _Made:
    """Lead the flight: the cache once more, then peek, fetch, render, charge, store, in that order."""
    kept = cached(tenant, plan)
    if kept:
        return _Made(kept, 0, False, False, {})
    with crowding.place(tenant.folder, tenant.limits.concurrency):
        if not _places.acquire(timeout=WAIT_SECONDS):
            raise Busy
        try:
            return _render_and_charge(tenant, plan, asked)
        finally:
            _places.release()


def _render_and_charge(tenant: Tenant, plan: Plan, asked: Asked) -> _Made:
    moment = clock.now()
    _peek(_charge(tenant, plan, moment, cost.halves(plan.spec.endpoint), 0, asked), tenant)
    began = time.monotonic()
    originals = rendering.read_originals(plan)
    timings = {"fetch": (time.monotonic() - began) * 1000}
    halves = _price(plan, originals)
    if plan.operation == "grid":
        _peek(_charge(tenant, plan, moment, halves, 0, asked), tenant)
    output = _render(plan, originals)
    kept = _keep(plan, output, moment)
    halves = cost.halves(plan.spec.endpoint, output.composed)
    charged = _settle(_charge(tenant, plan, moment, halves, _size(plan, kept), asked), tenant)
    began = time.monotonic()
    cache.write(tenant.folder, plan.key, plan.seconds, kept)
    timings |= output.timings | {"store": (time.monotonic() - began) * 1000}
    return _Made(kept, charged, charged > 0, True, timings)


def _settle(bill: Charge, tenant: Tenant) -> int:
    """Charge. The hour is marked before, so that a crash leaves it marked, and after, when the event is surely in."""
    recorder.current().record(bill.happened)
    charged = credits.charge(bill, tenant.terms)
    if charged:
        recorder.current().record(bill.happened)
    return charged


def _price(plan: Plan, originals: list[Fetched | None]) -> int:
    return cost.halves(plan.spec.endpoint, sum(each is not None for each in originals) or 1)


def _peek(bill: Charge, tenant: Tenant) -> None:
    try:
        credits.peek(bill, tenant.terms)
    except PynamoDBException as error:
        raise credits.ChargeUnavailable from error


def _charge(tenant: Tenant, plan: Plan, moment: float, halves: int, size: int, asked: Asked) -> Charge:
    happened = Happened(
        workspace_id=tenant.workspace_id,
        event_id=tokens.time_ordered_id(moment),
        operation=plan.operation,
        cache="miss",
        origin=asked.origin or "",
        status=200,
        size=size,
        latency=int((time.monotonic() - asked.started) * 1000),
        cost=halves,
    )
    return Charge(happened, plan.claim, plan.seconds, moment, plan.purged_before, tenant.limits.retention_days)


def _render(plan: Plan, originals: list[Fetched | None]) -> Output:
    try:
        return rendering.render(plan, originals)
    except EngineError as error:
        if error.code in ("render_crashed", "render_timeout"):
            metrics.counts().renders_ended.inc()
        raise engine_errors.refusal(error) from error


def _keep(plan: Plan, output: Output, moment: float) -> Kept:
    size = "x".join(map(str, output.source_size)) if output.source_size else ""
    composed = f"{output.composed}/{len(plan.originals)}" if plan.operation == "grid" else ""
    return cache.fresh(
        output.body, output.content_type, plan.seconds, moment, source_size=size,
        warnings="; ".join(output.warnings), composed=composed,
    )  # fmt: skip


def _size(plan: Plan, kept: Kept) -> int:
    return len(body_of(plan, kept))


def body_of(plan: Plan, kept: Kept) -> bytes:
    """The bytes to send: an info variant is cut from the one stored JSON."""
    if plan.operation != "info":
        return kept.body
    return info.cut(kept.body, plan.spec.endpoint, plan.spec.select)
