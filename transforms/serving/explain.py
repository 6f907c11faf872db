"""The quote of a URL: its canonical form, cache state and price; fetches, renders and charges nothing."""

from typing import Any

from imgapis.base import waiting
from telemetry import display
from telemetry.events import CacheStatus
from transforms.engine import effective
from transforms.engine.errors import EngineError
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
from transforms.tenant.tenants import Tenant


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


def _warnings(plan: RenderPlan, entry: CachedOutput | None, known: KnownSource | None) -> list[str]:
    """The warnings of the stored output, or those that the source's size foretells."""
    if entry:
        return [entry.warnings] if entry.warnings else []
    try:
        return list(effective.warnings(plan.spec.endpoint, plan.spec.values, known.size)) if known else []
    except EngineError as error:
        return [error.message]


def _steps(plan: RenderPlan) -> list[str]:
    return ["fetch"] * bool(plan.originals) + list(spec.canonical(plan.spec)[1:]) + [f"encode={plan.output_format}"]


def published() -> dict[str, int]:
    """Every limit of the image API, as /limits returns it."""
    limits = rendering.limits()
    return {name: getattr(limits, name) for name in type(limits).__slots__}
