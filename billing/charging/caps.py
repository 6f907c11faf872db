"""Caps: the most a day and a period may cost, on from the first day; in credits, or in money at the overage price."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from billing.plans import catalogue
from billing.plans.periods import Period, Terms

SPANS = ("day", "period")
UNITS = ("credits", "cents", "off")
SMALLEST_DAY = 500  # half-credits: below this, a cap by the day would only be in the way
# Overage without a cap of the customer's own still ends somewhere: at ten times the plan's credits.
CEILING = 10
NOTHING: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True)
class Cap:
    """A cap of a day or a period: an amount of credits, or of US cents at the plan's overage price, or off."""

    unit: str
    amount: int


def default(span: str, terms: Terms, plan: str) -> Cap:
    """The cap nobody has changed. A day: half of the month's credits. A period: overage up to the plan's own price."""
    if span == "day":
        return Cap("credits", max(SMALLEST_DAY, terms.allowance // 2) // catalogue.HALVES)
    return Cap("cents", catalogue.of(plan).monthly) if terms.overage else Cap("off", 0)


def effective(span: str, terms: Terms, plan: str) -> Cap:
    """The cap in force: the customer's own, or the default, which also holds for a day on a plan that sells no overage
    where the customer's is in money: without a price it would be none. It waits for a plan that has one."""
    own_cap = own(terms).get(span)
    if own_cap is None or (span == "day" and own_cap.unit == "cents" and catalogue.of(plan).overage is None):
        return default(span, terms, plan)
    return own_cap


def own(terms: Terms) -> dict[str, Cap]:
    """The caps that the customer has set, by span, in force or not."""
    return {name: Cap(unit, amount) for name, unit, amount in terms.caps}


def room(terms: Terms, period: Period, included: int, sold: Mapping[str, int] = NOTHING) -> int:
    """Half-credits beyond the included ones that may be charged in a period, those included that were sold by the terms
    of before (by plan); below 0 where a cap ends before them. A cap in money counts these at their own price."""
    plan, sold_halves = catalogue.of(period.plan), sum(sold.values())
    sells = terms.overage and not terms.overage_debt and plan.overage is not None and not period.unpaid
    overage_limit = max(sold_halves, CEILING * plan.halves if sells else 0)
    cap = effective("period", terms, period.plan)
    if cap.unit == "credits":
        return min(overage_limit, cap.amount * catalogue.HALVES - included)
    if cap.unit != "cents" or not plan.overage:
        return overage_limit
    sold_rate = sum(halves * (catalogue.of(tier).overage or 0) for tier, halves in sold.items())
    rest = max(0, cap.amount * catalogue.HALVES * 1_000 - sold_rate)
    return min(overage_limit, sold_halves + rest // plan.overage)


def daily_limit(terms: Terms, period: Period) -> int | None:
    """Half-credits that may be charged on one UTC day; None where no cap holds. Money counts each credit of the day
    at the overage price."""
    cap = effective("day", terms, period.plan)
    if cap.unit == "cents":
        return catalogue.of(period.plan).overage_halves(cap.amount)
    return cap.amount * catalogue.HALVES if cap.unit == "credits" else None
