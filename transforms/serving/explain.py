"""The quote of a URL: its canonical form, cache state and price; fetches, renders and charges nothing."""

from typing import Any

from billing import store
from imgapis.base import clock
from telemetry import display
from telemetry.events import CacheStatus
from transforms.engine.request import spec
from transforms.serving import delivery, image_plans, rendering
from transforms.serving.delivery import ImageRequest
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.tenants import Tenant


def explain(tenant: Tenant, image_request: ImageRequest) -> dict[str, Any]:
    """The quote of a request, after the same access rules as the picture. Raises ApiError as the picture would."""
    plan = image_plans.make(
        tenant,
        image_request.endpoint,
        image_request.query,
        image_request.path_source,
        image_request.accept,
        image_request.policy,
    )
    entry = delivery.cached(tenant, plan)
    already_charged = store.live_claim(tenant.workspace_id, plan.claim, clock.now(), plan.purged_before) is not None
    is_free = entry is not None or already_charged
    return {
        "canonical": f"/{plan.spec.endpoint}?{spec.canonical_query(plan.spec)}",
        "operation": plan.operation,
        "steps": [*_steps(plan)],
        "output_format": plan.output_format,
        "cache": (CacheStatus.HIT if entry else CacheStatus.MISS).value,
        "credits": display.decimal_credits(0 if is_free else plan.halves),
        "credits_are": "a maximum: only composed sources are billed" if plan.operation == "grid" else "exact",
        "why_free": _why(entry is not None, already_charged),
        "limits": published(),
        "warnings": [entry.warnings] if entry and entry.warnings else [],
    }


def _why(cached: bool, already_charged: bool) -> str | None:
    if cached:
        return "cached: hits are free"
    return "charged before: making it again is free" if already_charged else None


def _steps(plan: RenderPlan) -> list[str]:
    return ["fetch"] * bool(plan.originals) + list(spec.canonical(plan.spec)[1:]) + [f"encode={plan.output_format}"]


def published() -> dict[str, int]:
    """Every limit of the image API, as /limits returns it."""
    limits = rendering.limits()
    return {name: getattr(limits, name) for name in type(limits).__slots__}
