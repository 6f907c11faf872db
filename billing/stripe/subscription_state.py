"""What a workspace's subscription at Stripe entitles it to, brought to its rows: once or often, with the same end."""

from dataclasses import asdict, dataclass
from typing import Any

from accounts import audit
from accounts.models import Workspace
from billing.charging import entitlement_change, invoice_grants
from billing.charging.entitlement_change import Draft, ExtraWrites, TermsChange
from billing.charging.invoice_grants import Funding
from billing.models import Counter, counters
from billing.plans import catalogue, periods
from billing.plans.periods import Terms, whole_hour
from billing.plans.proration import PaidInvoice, PaidPeriod
from imgapis.base import clock

# In these states Stripe's subscription is served; past_due is, while Stripe retries the payment (B15).
ENTITLED_STATES = ("active", "trialing", "past_due")


@dataclass(frozen=True)
class Entitlement:
    """What a workspace's subscription is at this moment, by Stripe's present object, never by an event's copy.

    `tier`: its plan; `state`: Stripe's word for it; `start` and `end` of the period paid for (seconds); `interval`:
    `month` or `year`; `next_tier`: what is scheduled for its end, `free` where it is cancelled then, empty for the
    same again; `overage`: whether it sells credits beyond the plan's, None for as the workspace has it; `read_at`: when
    Stripe was asked, before its answer: of two answers the later one counts (B12). `invoices`: those paid, which grant
    the credits of the period; None where they were not asked for, and the period counts as paid whole.
    `overage_debt`: why no more overage is sold, as `payments.overage_debt` says; empty where it is.
    """

    tier: str = catalogue.FREE
    state: str = "none"
    start: float = 0
    end: float = 0
    interval: str = "month"
    next_tier: str = ""
    overage: bool | None = None
    read_at: float = 0
    invoices: tuple[PaidInvoice, ...] | None = None
    overage_debt: str = ""

    @property
    def is_served(self) -> bool:
        """Whether the plan holds, paid or not."""
        return self.tier != catalogue.FREE and self.state in ENTITLED_STATES


def apply(workspace_id: str, entitlement: Entitlement, within: ExtraWrites | None = None) -> TermsChange:
    """Bring a workspace to its entitlement: plan, limits, allowance, period, and the credits of the running period.

    In any order and as often as one likes. An upgrade adds at once the part of the difference that is paid for; within
    a period nothing becomes less; a new period opens with its own credits once it is paid, and with a share of them a
    day before; a subscription in no served state is the free plan. `within` puts
    the caller's items, such as the claim of an event's id, into the same transaction. Raises AlreadyApplied (the
    caller's item was refused, nothing was written), WorkspaceGone, CreditsBusy. KeyError for a tier that is none.
    """
    old_plans: list[str] = []

    def decide(row: Workspace) -> Draft:
        old_plans[:] = [row.plan]
        if entitlement.read_at < float(row.billing_seen):
            return Draft()  # a later answer of Stripe's is already written
        return _draft(row, entitlement)

    outcome = entitlement_change.update_terms(workspace_id, decide, within)
    if old_plans[0] != outcome.terms.plan:
        audit.record(workspace_id, "stripe", "plan.changed", workspace_id, old_plans[0], outcome.terms.plan)
    return outcome


def _draft(row: Workspace, entitlement: Entitlement) -> Draft:
    """What an entitlement makes of a workspace now."""
    now, values = clock.now(), row_values(entitlement)
    if not entitlement.is_served or entitlement.invoices is None or entitlement.state == "trialing":
        return Draft(values | {"paid_halves": values["allowance"] if entitlement.is_served else 0}, moment=now)
    old_terms = periods.terms_of(row)
    if now >= values["period_end"]:  # Stripe's renewal is due: until it is told, grace counts from the end
        if old_terms.start == values["period_start"]:
            values["unpaid_since"] = old_terms.unpaid_since
        return Draft(values, moment=now)
    paid = PaidPeriod(entitlement.start, entitlement.end, entitlement.interval)
    funding = _funding(row.workspace_id, paid, entitlement.invoices, old_terms, values, now)
    if funding is None:
        values["unpaid_since"] = old_terms.unpaid_since or values["period_start"]
        if not old_terms.paid:
            values["paid_halves"] = 0
        return Draft(values, moment=now)
    values |= {"granted_period": _period(values, now).name, "granted_halves": funding.halves}
    values["paid_halves"] = funding.paid
    if entitlement.interval == "year":
        values["allowance"] = funding.later
    return Draft(values, record=lambda transaction, _: funding.add_writes(transaction), moment=now)


def _funding(
    workspace_id: str,
    paid: PaidPeriod,
    invoices: tuple[PaidInvoice, ...],
    old_terms: Terms,
    values: dict[str, Any],
    now: float,
) -> Funding | None:
    """What the invoices of a paid period grant in the period of this moment; None where it is not paid."""
    period = _period(values, now)
    old_counter = _cut_short(workspace_id, old_terms, period.name, now)
    return invoice_grants.fund(workspace_id, period, paid, invoices, old_counter)


def _period(values: dict[str, Any], now: float) -> periods.Period:
    """The period of a moment by the attributes that an entitlement sets, taken as paid."""
    terms = Terms(
        values["plan"],
        values["allowance"],
        values["period_start"],
        values["period_end"],
        values["interval"],
        values["next_plan"],
    )
    return periods.at(terms, now)


def _cut_short(workspace_id: str, old_terms: Terms, name: str, now: float) -> Counter | None:
    """The counter of a running paid period that the period called `name` takes the place of."""
    if not old_terms.paid or old_terms.unpaid_since or now >= old_terms.end:
        return None
    old_name = periods.at(old_terms, now).name
    return counters.find(workspace_id, old_name) if old_name != name else None


def row_values(entitlement: Entitlement) -> dict[str, Any]:
    """The attributes of the workspace's row that an entitlement sets, its period taken as paid whole."""
    is_served = entitlement.is_served
    plan = catalogue.of(entitlement.tier if is_served else catalogue.FREE)
    attributes = {
        "plan": plan.tier,
        "limits": asdict(plan.limits),
        "allowance": plan.halves,
        "billing_state": entitlement.state,
        "interval": entitlement.interval if is_served else "month",
        "period_start": whole_hour(entitlement.start) if is_served else 0,
        "period_end": whole_hour(entitlement.end) if is_served else 0,
        "next_plan": entitlement.next_tier if is_served else "",
        "granted_period": "",
        "granted_halves": 0,
        "unpaid_since": 0,
        "overage_debt": entitlement.overage_debt,
        "billing_seen": entitlement.read_at,
    }
    if not is_served or entitlement.overage is not None:
        attributes["overage"] = bool(is_served and entitlement.overage)
    return attributes
