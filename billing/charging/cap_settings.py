"""Changing caps and overage: in force at once, for the running day and period too."""

from collections.abc import Callable
from dataclasses import dataclass

from accounts import audit
from accounts.models import Workspace
from billing.charging import caps, entitlement_change
from billing.charging.caps import SPANS, UNITS, Cap
from billing.charging.credits import OverageUnpaid
from billing.charging.entitlement_change import Draft, TermsChange
from billing.plans import catalogue, periods
from imgapis.base import clock
from imgapis.base.errors import ApiError

MOST = 1_000_000_000


class InvalidCap(ApiError):
    """A cap that cannot be."""

    code = "invalid_cap"


class BillSettling(ApiError):
    """The bill is being settled: what was sold meanwhile would be billed to nobody."""

    status = 409
    code = "bill_settling"

    def __init__(self) -> None:
        super().__init__(
            "What was used beyond the plan is being invoiced, as an owner hands over or leaves, or as the workspace is"
            " deleted. Overage can be allowed once that is done."
        )


@dataclass(frozen=True)
class Settings:
    """The caps in force, which of these the customer has set, and whether overage may be bought; `waiting`: those in
    money that hold again on a plan that sells overage, and not now."""

    day: Cap
    period: Cap
    own: tuple[str, ...]
    overage: bool
    waiting: tuple[tuple[str, Cap], ...] = ()


def of(row: Workspace) -> Settings:
    """The settings of a workspace."""
    terms = periods.terms_of(row)
    day, period = (caps.effective(span, terms, terms.plan) for span in SPANS)
    in_force, own_caps = {"day": day, "period": period}, caps.own(terms)
    waiting = tuple((span, own_caps[span]) for span in SPANS if own_caps.get(span) not in (None, in_force[span]))
    own_in_force = tuple(span for span in SPANS if span in own_caps and span not in dict(waiting))
    return Settings(day, period, own_in_force, terms.overage, waiting)


def change(workspace_id: str, actor: str, span: str, cap: Cap | None) -> TermsChange:
    """Set the cap of a `day` or a `period`; None for the default again. Raises InvalidCap, WorkspaceGone, CreditsBusy.

    What is used already stays used: a cap below it stops new work until the span is over.
    """
    if span not in SPANS:
        raise InvalidCap("A cap is of a day or of a period.", param="span")

    def decide(row: Workspace) -> Draft:
        _check(row, cap)
        own_caps = {name: value for name, value in (row.caps or {}).items() if name != span}
        return Draft({"caps": own_caps if cap is None else own_caps | {span: {"unit": cap.unit, "amount": cap.amount}}})

    outcome = entitlement_change.update_terms(workspace_id, decide)
    cap_text = "default" if cap is None else f"{cap.amount} {cap.unit}" if cap.unit != "off" else "off"
    audit.record(workspace_id, actor, "caps.changed", span, None, cap_text)
    return outcome


def allow_overage(
    workspace_id: str, actor: str, *, allowed: bool, require: Callable[[Workspace], None] | None = None
) -> TermsChange:
    """Allow credits beyond the plan's to be bought, up to the cap of the period; or no longer. `require` raises where
    they must not be, and is called for the row that is changed. Raises InvalidCap for a plan that sells none,
    OverageUnpaid while those used before are owed, BillSettling while the bill is being settled."""

    def decide(row: Workspace) -> Draft:
        if allowed and float(row.settling_until) > clock.now():
            raise BillSettling
        if allowed and require is not None:
            require(row)
        if allowed and catalogue.of(row.plan).overage is None:
            raise InvalidCap(
                f"The plan {catalogue.of(row.plan).title} has no overage: choose a larger one.", param="overage"
            )
        if allowed and row.overage_debt:
            raise OverageUnpaid
        return Draft({"overage": allowed})

    outcome = entitlement_change.update_terms(workspace_id, decide)
    audit.record(workspace_id, actor, "caps.changed", "overage", None, allowed)
    return outcome


def _check(row: Workspace, cap: Cap | None) -> None:
    if cap is None or cap.unit == "off":
        return
    if cap.unit not in UNITS:
        raise InvalidCap("A cap is in credits or in cents, or off.", param="unit")
    if not 0 <= cap.amount <= MOST:
        raise InvalidCap(f"A cap is 0 to {MOST}.", param="amount")
    if cap.unit == "cents" and catalogue.of(row.plan).overage is None:
        raise InvalidCap("Money caps need a plan that sells overage: use credits.", param="unit")
