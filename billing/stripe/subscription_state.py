"""What a workspace's subscription at Stripe entitles it to, brought to its rows: once or often, with the same end."""

from dataclasses import asdict, dataclass
from typing import Any

from accounts import audit
from accounts.models import Workspace
from billing.charging import entitlement_change
from billing.charging.entitlement_change import Draft, ExtraWrites, TermsChange
from billing.plans import catalogue
from billing.plans.periods import whole_hour

# In these states Stripe's subscription is served; past_due is, while Stripe retries the payment (B15).
ENTITLED_STATES = ("active", "trialing", "past_due")


@dataclass(frozen=True)
class Entitlement:
    """What a workspace's subscription is at this moment, by Stripe's present object, never by an event's copy.

    `tier`: its plan; `state`: Stripe's word for it; `start` and `end` of the period paid for (seconds); `interval`:
    `month` or `year`; `next_tier`: what is scheduled for its end, `free` where it is cancelled then, empty for the
    same again; `overage`: whether it sells credits beyond the plan's, None for as the workspace has it; `read_at`: when
    Stripe was asked, before its answer: of two answers the later one counts (B12).
    """

    tier: str = catalogue.FREE
    state: str = "none"
    start: float = 0
    end: float = 0
    interval: str = "month"
    next_tier: str = ""
    overage: bool | None = None
    read_at: float = 0


def apply(workspace_id: str, entitlement: Entitlement, within: ExtraWrites | None = None) -> TermsChange:
    """Bring a workspace to its entitlement: plan, limits, allowance, period, and the credits of the running period.

    In any order and as often as one likes. An upgrade adds the difference at once; within a period nothing becomes
    less; a new period opens with its own credits; a subscription in no served state is the free plan. `within` puts
    the caller's items, such as the claim of an event's id, into the same transaction. Raises AlreadyApplied (the
    caller's item was refused, nothing was written), WorkspaceGone, CreditsBusy. KeyError for a tier that is none.
    """
    old_plans: list[str] = []

    def decide(row: Workspace) -> Draft:
        old_plans[:] = [row.plan]
        if entitlement.read_at < float(row.billing_seen):
            return Draft()  # a later answer of Stripe's is already written
        return Draft(row_values(entitlement))

    outcome = entitlement_change.update_terms(workspace_id, decide, within)
    if old_plans[0] != outcome.terms.plan:
        audit.record(workspace_id, "stripe", "plan.changed", workspace_id, old_plans[0], outcome.terms.plan)
    return outcome


def row_values(entitlement: Entitlement) -> dict[str, Any]:
    """The attributes of the workspace's row that an entitlement sets."""
    is_served = entitlement.tier != catalogue.FREE and entitlement.state in ENTITLED_STATES
    plan = catalogue.of(entitlement.tier if is_served else catalogue.FREE)
    attributes = {
        "plan": plan.tier, "limits": asdict(plan.limits), "allowance": plan.halves, "billing_state": entitlement.state,
        "interval": entitlement.interval if is_served else "month",
        "period_start": whole_hour(entitlement.start) if is_served else 0,
        "period_end": whole_hour(entitlement.end) if is_served else 0,
        "next_plan": entitlement.next_tier if is_served else "",
        "billing_seen": entitlement.read_at,
    }  # fmt: skip
    if not is_served or entitlement.overage is not None:
        attributes["overage"] = bool(is_served and entitlement.overage)
    return attributes
