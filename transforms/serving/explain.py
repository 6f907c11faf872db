"""The quote of a URL: its canonical form, cache state and price; fetches, renders and charges nothing."""

from typing import Any

from imgapis.base import waiting
from telemetry import display
from telemetry.events import CacheStatus
from transforms.engine import effective
from transforms.engine.errors import EngineError
from transforms.engine.formats import SVG
from transforms.engine.request import spec
from transforms.engine.request.query import Query
from transforms.serving import delivery, image_plans, rendering
from transforms.serving.cache import CachedOutput
from transforms.serving.charging import claims, quotes
from transforms.serving.charging.claims import KnownSource
from transforms.serving.charging.quotes import Quote
from transforms.serving.delivery import ImageRequest
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import free_work
from transforms.sources import lifetimes
from transforms.tenant.tenants import Tenant

BY_ORIGIN = "a maximum: the Cache-Control of the original may say less, but not below 60 seconds"
NO_SVG = "format=svg passes an SVG on, and the source is none."
BY_SOURCES = "a maximum: without some of its sources a grid is kept for 60 seconds or a day"


def explain(tenant: Tenant, image_request: ImageRequest) -> dict[str, Any]:
    """The quote of a request, after the same access rules as the picture. Raises ApiError as the picture would, and
    FreeWorkUsedUp."""
    free_work.spend(tenant.workspace_id, free_work.EXPLAIN)
    with waiting.place(tenant.workspace_id):
        return _explain(tenant, image_request)


def _explain(tenant: Tenant, image_request: ImageRequest) -> dict[str, Any]:
    plan = image_plans.make(
        tenant,
        image_request.endpoint,
        image_request.query,
        image_request.path_source,
        image_request.accept,
        image_request.policy,
    )
    entry = delivery.cached(tenant, plan)
    known = None if entry else claims.known_source(tenant, plan)
    price = Quote(0, quotes.EXACT, "cached: hits are free") if entry else quotes.quote(tenant, plan, known)
    return {
        "canonical": f"/{plan.spec.endpoint}?{spec.canonical_query(plan.spec)}",
        "operation": plan.operation,
        "steps": [*_steps(plan)],
        "output_format": plan.output_format,
        "cache": (CacheStatus.HIT if entry else CacheStatus.MISS).value,
        "credits": display.decimal_credits(price.halves),
        "credits_are": price.sure,
        "why_free": price.why_free,
        **_lifetime(plan, entry),
        "fallback": plan.fallback or None,
        "limits": published(),
        "warnings": _warnings(plan, entry, known),
    }


def are_one_picture(tenant: Tenant, image_request: ImageRequest, query: Query) -> bool:
    """Whether a request and the same with another query are known to come to one picture: by the size of their source,
    where a stored output or /info tells it. Raises ApiError."""
    first, second = (
        image_plans.make(tenant, image_request.endpoint, each, image_request.path_source, image_request.accept)
        for each in (image_request.query, query)
    )
    known = claims.known_source(tenant, first)
    picture = claims.foretold(tenant, first, known)
    return picture is not None and picture == claims.foretold(tenant, second, known)


def _lifetime(plan: RenderPlan, entry: CachedOutput | None) -> dict[str, Any]:
    """For how many seconds the picture is kept from when it is made, how sure that is, and what says so."""
    of_sources = [(original.source, original.lifetime) for original in plan.originals]
    shortest = lifetimes.shortest_ttl(each for _, each in of_sources)
    seconds, origin = plan.seconds, "the default"
    if entry and entry.seconds < plan.seconds:
        seconds, origin = entry.seconds, "how long it was to live when it was made"
    elif plan.spec.ttl and plan.spec.ttl <= plan.retention:
        origin = "the ttl of the request or its preset"
    elif not plan.spec.ttl and 0 < shortest <= plan.retention:
        origin = f"the ttl of the source {next(name for name, each in of_sources if each.ttl == shortest)}"
    is_shortened = seconds > lifetimes.SHORTEST_SECONDS and any(each.obeys_origin for _, each in of_sources)
    is_sure = entry is not None or not (is_shortened or plan.operation == "grid")
    return {
        "lifetime": seconds,
        "lifetime_is": "exact" if is_sure else BY_ORIGIN if is_shortened else BY_SOURCES,
        "lifetime_by": origin,
    }


def _warnings(plan: RenderPlan, entry: CachedOutput | None, known: KnownSource | None) -> list[str]:
    """The warnings of the stored output, or those that the source's size foretells."""
    if entry:
        return [entry.warnings] if entry.warnings else []
    try:
        if known is None:
            return []
        if plan.output_format == SVG and not known.is_vector:
            return [NO_SVG]
        values = plan.spec.values
        return list(effective.warnings(plan.spec.endpoint, values, known.size, is_vector=known.is_vector))
    except EngineError as error:
        return [error.message]


def _steps(plan: RenderPlan) -> list[str]:
    return ["fetch"] * bool(plan.originals) + list(spec.canonical(plan.spec)[1:]) + [f"encode={plan.output_format}"]


def published() -> dict[str, int]:
    """Every limit of the image API, as /limits returns it."""
    limits = rendering.limits()
    return {name: getattr(limits, name) for name in type(limits).__slots__}
