"""What a paid invoice of Stripe's is good for in credits: pure arithmetic, exact until it is rounded down."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from billing.plans import catalogue

MONTHS = {"month": 1, "year": 12}
BEGIN_SECONDS = 3_600  # a line that begins so near to a period's start bills it from its beginning


@dataclass(frozen=True)
class PlanLine:
    """A line of an invoice: a plan from `start` to `end` (seconds) for `cents` before tax; below 0 it gives back what
    is not used of it. `interval`: whether the plan is paid by the month or by the year."""

    tier: str
    interval: str
    start: float
    end: float
    cents: int


@dataclass(frozen=True)
class PaidInvoice:
    """A paid invoice: its id, and its lines that sell plans; overage is none."""

    invoice_id: str
    lines: tuple[PlanLine, ...]


@dataclass(frozen=True)
class PaidPeriod:
    """What Stripe is paid for at once, in Stripe's own seconds: from `start` to `end`, a `month` or a `year`."""

    start: float
    end: float
    interval: str

    def buys(self, line: PlanLine) -> bool:
        """Whether a line is of this period: Stripe ends each of them with it."""
        return abs(line.end - self.end) < 1

    def is_of(self, invoice: PaidInvoice) -> bool:
        """Whether an invoice pays for a plan in this period."""
        return any(line.cents >= 0 and self.buys(line) for line in invoice.lines)

    def is_begun_by(self, invoice: PaidInvoice) -> bool:
        """Whether an invoice bills this period from its beginning, as a purchase, a renewal and another rhythm do. What
        an upgrade bills of a plan it gives back of another, so that it leaves the rest of the period owed."""
        lines = [line for line in invoice.lines if self.buys(line) and abs(line.start - self.start) < BEGIN_SECONDS]
        return sum(map(_sign, lines)) > 0


def granted(invoice: PaidInvoice, paid: PaidPeriod, start: float, end: float) -> Fraction:
    """Half-credits that an invoice is good for in the month of credits from `start` to `end`: of each plan's the part
    of the month that its lines cover, less what they give back."""
    lines = [line for line in invoice.lines if paid.buys(line)]
    return sum(
        (_sign(line) * _share(line, paid, start, end) * catalogue.of(line.tier).halves for line in lines), Fraction()
    )


def given_back(invoice: PaidInvoice, paid: PaidPeriod) -> int:
    """Half-credits that an invoice gives back of another period, as where a year begins in the middle of a month; at
    most a month's, as no later one has been opened yet."""
    total = Fraction()
    for line in invoice.lines:
        if line.cents < 0 and not paid.buys(line):
            plan = catalogue.of(line.tier)
            months = Fraction(-line.cents * MONTHS[line.interval], plan.price(line.interval))
            total += plan.halves * min(Fraction(1), months)
    return math.ceil(total)


def upgrade(halves: int, new_halves: int, now: float, start: float, end: float) -> int:
    """Half-credits that an upgrade adds now to the month of credits from `start` to `end`: the difference of the plans
    in proportion to the rest that is paid for, rounded down."""
    remaining = Fraction(max(0.0, end - max(now, start))) / Fraction(max(1.0, end - start))
    return math.floor(max(0, new_halves - halves) * remaining)


def span_cents(line: PlanLine, paid: PaidPeriod) -> Fraction:
    """What the time of a line costs at the plan's price, to the fraction of a cent."""
    part = Fraction(line.end - line.start) / Fraction(max(1.0, paid.end - paid.start))
    return catalogue.of(line.tier).price(paid.interval) * part


def _sign(line: PlanLine) -> int:
    return -1 if line.cents < 0 else 1


def _share(line: PlanLine, paid: PaidPeriod, start: float, end: float) -> Fraction:
    """The part of a month that a line covers. Stripe rounds to the cent, so the part is held to what was paid: a cent
    of Scale is twenty credits."""
    overlap = max(0.0, min(line.end, end) - max(line.start, start))
    share = Fraction(overlap) / Fraction(max(1.0, end - start))
    exact_cents = span_cents(line, paid)
    if share == 1:
        return share
    if not exact_cents or abs(abs(line.cents) - exact_cents) >= 1:
        return share  # another price than today's, or a discount: time alone counts
    ratio = Fraction(abs(line.cents)) / exact_cents
    return share * (max(Fraction(1), ratio) if line.cents < 0 else min(Fraction(1), ratio))


def total(values: Iterable[Fraction]) -> int:
    """A sum in whole half-credits, rounded down."""
    return math.floor(sum(values, Fraction()))
