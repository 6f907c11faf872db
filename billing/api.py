"""The REST routes of billing: the plan and its credits, the caps, overage. Buying is a person's act, at the page."""

from typing import Any

from ninja import Field, Schema

from accounts.api import Strict, workspace_of
from accounts.models import Workspace
from accounts.requests import ApiHttpRequest
from accounts.rest_router import RestRouter
from billing import transfers
from billing.charging import cap_settings, summary
from billing.charging.caps import SPANS, Cap
from imgapis.base import clock
from telemetry.display import decimal_credits

router = RestRouter(tags=["billing"])


class BillOut(Schema):
    """The running period. Credits are decimal strings, money whole US cents before tax, times UTC.
    `overage_stopped_by`: why no overage is sold though it is allowed: `unpaid`, `disputed`, or empty."""

    plan: str
    interval: str
    state: str
    next_plan: str
    period_starts: str
    period_ends: str
    included: str
    used: str
    left: str
    forecast: str | None
    overage: str
    overage_cents: int
    overage_allowed: bool
    overage_stopped_by: str
    stopped_by: str


class CapOut(Schema):
    """A cap in force: `unit` is credits, cents or off; `own` is false for the default."""

    span: str
    unit: str
    amount: int
    own: bool


class CapIn(Strict):
    """A cap: whole credits, or US cents of overage; an amount is not read where it is off."""

    unit: str = Field(max_length=10)
    amount: int = 0


class OverageIn(Strict):
    """Whether credits beyond the plan's may be bought, up to the cap of the period."""

    allowed: bool


def _caps(row: Workspace) -> list[dict[str, Any]]:
    settings = cap_settings.of(row)
    pairs = [(span, getattr(settings, span)) for span in SPANS]
    return [{"span": span, "unit": cap.unit, "amount": cap.amount, "own": span in settings.own} for span, cap in pairs]


def _changed(request: ApiHttpRequest) -> list[dict[str, Any]]:
    return _caps(workspace_of(request, "billing.manage"))


@router.get("/billing", response=BillOut)
def bill(request: ApiHttpRequest) -> dict[str, Any]:
    """The plan and its credits. Scope: workspace.view."""
    row = workspace_of(request, "workspace.view")
    totals = summary.of(row)
    return {
        "plan": totals.plan.tier,
        "interval": totals.terms.interval,
        "state": totals.state,
        "next_plan": totals.following,
        "period_starts": clock.stamp(totals.period.starts),
        "period_ends": clock.stamp(totals.period.ends),
        "included": decimal_credits(totals.included),
        "used": decimal_credits(totals.used),
        "left": decimal_credits(totals.left),
        "forecast": None if totals.forecast is None else decimal_credits(totals.forecast),
        "overage": decimal_credits(totals.overage),
        "overage_cents": totals.overage_cents,
        "overage_allowed": totals.terms.overage,
        "overage_stopped_by": totals.overage_stopped_by,
        "stopped_by": totals.capped,
    }


@router.get("/billing/caps", response=list[CapOut])
def caps(request: ApiHttpRequest) -> list[dict[str, Any]]:
    """The caps in force. Scope: billing.manage."""
    return _caps(workspace_of(request, "billing.manage"))


@router.put("/billing/caps/{span}", response=list[CapOut])
def set_cap(request: ApiHttpRequest, span: str, payload: CapIn) -> list[dict[str, Any]]:
    """Set the cap of a `day` or a `period`, in force at once. Scope: billing.manage."""
    row = workspace_of(request, "billing.manage")
    cap_settings.change(row.workspace_id, request.caller.actor, span, Cap(payload.unit, payload.amount))
    return _changed(request)


@router.delete("/billing/caps/{span}", response=list[CapOut])
def drop_cap(request: ApiHttpRequest, span: str) -> list[dict[str, Any]]:
    """Go back to the default cap. Scope: billing.manage."""
    row = workspace_of(request, "billing.manage")
    cap_settings.change(row.workspace_id, request.caller.actor, span, None)
    return _changed(request)


@router.put("/billing/overage", response=list[CapOut])
def set_overage(request: ApiHttpRequest, payload: OverageIn) -> list[dict[str, Any]]:
    """Allow overage, or no longer; the caps as they then are. Scope: billing.manage."""
    row = workspace_of(request, "billing.manage")
    cap_settings.allow_overage(
        row.workspace_id, request.caller.actor, allowed=payload.allowed, require=transfers.require_payer
    )
    return _changed(request)
