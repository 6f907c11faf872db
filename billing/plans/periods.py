"""Which period a moment belongs to: pure functions of what billing has written on the workspace's row."""

from dataclasses import dataclass

from accounts.models import Workspace
from billing.plans import catalogue
from imgapis.base import clock

HOUR_SECONDS = 3_600
# How long a paid period goes on past its end while Stripe's renewal has not arrived: Stripe finalises an invoice
# after an hour and repeats a webhook for three days.
GRACE_SECONDS = 3 * clock.DAY


@dataclass(frozen=True)
class Terms:
    """What a workspace's credits go by. `start` and `end` are the paid period at Stripe on whole UTC hours (seconds;
    0 on the free plan), `next_plan` what follows at its end, `allowance` half-credits a month; `caps` the customer's
    own, as pairs; `revision` rises with every change, so that nothing is opened by old terms."""

    plan: str = catalogue.FREE
    allowance: int = catalogue.CATALOGUE[catalogue.FREE].halves
    start: float = 0
    end: float = 0
    interval: str = "month"
    next_plan: str = ""
    overage: bool = False
    caps: tuple[tuple[str, str, int], ...] = ()
    revision: int = 0

    @property
    def paid(self) -> bool:
        """Whether a paid period is written down."""
        return self.plan != catalogue.FREE and self.end > 0


@dataclass(frozen=True)
class Period:
    """A month of credits: the hour it starts on names it; it ends at `ends` (seconds); `allowance` half-credits."""

    name: str
    ends: float
    plan: str
    allowance: int

    @property
    def starts(self) -> float:
        """Seconds since 1970."""
        return clock.moment_of_period(self.name)


def terms_of(row: Workspace) -> Terms:
    """The terms of a workspace as its row says."""
    caps = tuple(sorted((span, cap["unit"], int(cap["amount"])) for span, cap in (row.caps or {}).items()))
    return Terms(
        plan=row.plan if row.plan in catalogue.CATALOGUE else catalogue.FREE, allowance=int(row.allowance),
        start=float(row.period_start), end=float(row.period_end), interval=row.interval, next_plan=row.next_plan,
        overage=bool(row.overage), caps=caps, revision=int(row.billing_revision),
    )  # fmt: skip


def at(current_terms: Terms, moment: float) -> Period:
    """The period a charge at `moment` belongs to (B9).

    Free: the calendar month. Paid: Stripe's period, in months from its start. Past its end what was scheduled
    follows; where nothing was, the same plan goes on for GRACE_SECONDS, under the name the renewal will have, so that
    a late renewal finds the period open and gives nothing twice; after that the workspace is served as a free one.
    """
    if not current_terms.paid:
        return _free(
            moment,
            current_terms.allowance if current_terms.plan == catalogue.FREE else catalogue.of(catalogue.FREE).halves,
        )
    if moment < current_terms.end:
        return _month(current_terms, max(moment, current_terms.start))
    next_plan = current_terms.next_plan or current_terms.plan
    if next_plan == catalogue.FREE or moment >= current_terms.end + GRACE_SECONDS:
        return _free(moment, catalogue.of(catalogue.FREE).halves)
    allowance = current_terms.allowance if next_plan == current_terms.plan else catalogue.of(next_plan).halves
    return Period(clock.period_name(current_terms.end), clock.months_after(current_terms.end, 1), next_plan, allowance)


def whole_hour(moment: float) -> float:
    """A moment rounded down to its hour."""
    return moment - moment % HOUR_SECONDS


def _free(moment: float, allowance: int) -> Period:
    name = clock.period_start(moment)
    return Period(name, clock.period_end(name), catalogue.FREE, allowance)


def _month(current_terms: Terms, moment: float) -> Period:
    """A month's period as Stripe has it; of a year its twelfth, counted from the year's start each time, so that the
    31st is not lost in February. The last one ends with the year."""
    months = 0
    if current_terms.interval == "year":
        while months < 11 and clock.months_after(current_terms.start, months + 1) <= moment:
            months += 1
        end = clock.months_after(current_terms.start, months + 1) if months < 11 else current_terms.end
    else:
        end = current_terms.end
    start = clock.months_after(current_terms.start, months)
    return Period(clock.period_name(start), min(end, current_terms.end), current_terms.plan, current_terms.allowance)
