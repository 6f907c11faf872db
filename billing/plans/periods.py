"""Which period a moment belongs to: pure functions of what billing has written on the workspace's row."""

from dataclasses import dataclass, replace

from accounts.models import Workspace
from billing.plans import catalogue
from imgapis.base import clock

HOUR_SECONDS = 3_600
# How long a plan goes on unpaid, each day with a day's share of its credits: Stripe finalises an invoice an hour after
# the period has begun and repeats a webhook for three days.
GRACE_SECONDS = 3 * clock.DAY


@dataclass(frozen=True)
class Terms:
    """What a workspace's credits go by. `start` and `end` are the paid period at Stripe on whole UTC hours (seconds; 0
    on the free plan), `next_plan` what follows at its end, `allowance` half-credits a month; `granted_period` and
    `granted` what the period of that name has been paid for instead, where an upgrade or a refund made it another
    amount; `paid_halves` what the last month that was paid for had been paid for, which bounds the grace of the next
    one (None: not on record); `unpaid_since` when a period began that nobody has paid for (0: none); `overage_debt` why
    no overage is sold though it is allowed: `unpaid` or `disputed`, what was sold before (empty: it is sold); `caps`
    the customer's own, as pairs; `revision` rises with every change, so that nothing is opened by old terms."""

    plan: str = catalogue.FREE
    allowance: int = catalogue.CATALOGUE[catalogue.FREE].halves
    start: float = 0
    end: float = 0
    interval: str = "month"
    next_plan: str = ""
    overage: bool = False
    caps: tuple[tuple[str, str, int], ...] = ()
    revision: int = 0
    granted_period: str = ""
    granted: int = 0
    unpaid_since: float = 0
    overage_debt: str = ""
    paid_halves: int | None = None

    @property
    def paid(self) -> bool:
        """Whether a paid period is written down."""
        return self.plan != catalogue.FREE and self.end > 0


@dataclass(frozen=True)
class Period:
    """A month of credits: the hour it starts on names it; it ends at `ends` (seconds); `allowance` half-credits.
    `unpaid`: they are a share that grows from day to day, and nothing is sold beyond them."""

    name: str
    ends: float
    plan: str
    allowance: int
    unpaid: bool = False

    @property
    def starts(self) -> float:
        """Seconds since 1970."""
        return clock.moment_of_period(self.name)


def terms_of(row: Workspace) -> Terms:
    """The terms of a workspace as its row says."""
    caps = tuple(sorted((span, cap["unit"], int(cap["amount"])) for span, cap in (row.caps or {}).items()))
    return Terms(
        plan=row.plan if row.plan in catalogue.CATALOGUE else catalogue.FREE,
        allowance=int(row.allowance),
        start=float(row.period_start),
        end=float(row.period_end),
        interval=row.interval,
        next_plan=row.next_plan,
        overage=bool(row.overage),
        caps=caps,
        revision=int(row.billing_revision),
        granted_period=row.granted_period,
        granted=int(row.granted_halves),
        unpaid_since=float(row.unpaid_since),
        overage_debt=row.overage_debt,
        paid_halves=None if row.paid_halves is None else int(row.paid_halves),
    )


def at(current_terms: Terms, moment: float) -> Period:
    """The period a charge at `moment` belongs to (B9).

    Free: the calendar month. Paid: Stripe's period, in months from its start. Past its end what was scheduled
    follows. Where nothing was, and where Stripe says that a period is not paid, the plan goes on for GRACE_SECONDS: by
    day n with n days' share of its credits, under the name the paid period will have, so that the payment finds the
    period open and gives nothing twice; after that the workspace has the free plan's credits.
    """
    free_halves = catalogue.of(catalogue.FREE).halves
    if not current_terms.paid:
        return _free(moment, current_terms.allowance if current_terms.plan == catalogue.FREE else free_halves)
    if moment < current_terms.end:
        period = _month(current_terms, max(moment, current_terms.start))
        is_unpaid = bool(current_terms.unpaid_since)
        return _in_grace(period, current_terms, current_terms.unpaid_since, moment) if is_unpaid else period
    next_plan = current_terms.next_plan or current_terms.plan
    if next_plan == catalogue.FREE or current_terms.unpaid_since:
        return _free(moment, free_halves)
    end = current_terms.end
    following = Period(clock.period_name(end), clock.months_after(end, 1), next_plan, catalogue.of(next_plan).halves)
    return _in_grace(following, current_terms, end, moment)


def whole_hour(moment: float) -> float:
    """A moment rounded down to its hour."""
    return moment - moment % HOUR_SECONDS


def _free(moment: float, allowance: int) -> Period:
    name = clock.period_start(moment)
    return Period(name, clock.period_end(name), catalogue.FREE, allowance)


def _in_grace(period: Period, current_terms: Terms, since: float, moment: float) -> Period:
    """A period that is not paid, on day n of the grace that began at `since`: n ÷ its days of its plan's credits, or of
    those that the month before was paid for where these are fewer: an upgrade of the last minute earns no grace of its
    own, and a plan of which nothing was ever paid has none."""
    plan_halves = catalogue.of(period.plan).halves
    most = plan_halves if current_terms.paid_halves is None else min(plan_halves, current_terms.paid_halves)
    if moment >= since + GRACE_SECONDS or not most:
        return _free(moment, catalogue.of(catalogue.FREE).halves)
    days = max(0, int((moment - since) // clock.DAY)) + 1
    share = int(most * days * clock.DAY // (period.ends - period.starts))
    return replace(period, allowance=min(most, share), unpaid=True)


def month_of(start: float, end: float, interval: str, moment: float) -> tuple[float, float]:
    """The month of credits that holds a moment of a paid period: a month's is the period, a year's its twelfth, counted
    from the year's start each time, so that the 31st is not lost in February. The last one ends with the year."""
    if interval != "year":
        return start, end
    months = 0
    while months < 11 and clock.months_after(start, months + 1) <= moment:
        months += 1
    return clock.months_after(start, months), end if months == 11 else min(end, clock.months_after(start, months + 1))


def _month(current_terms: Terms, moment: float) -> Period:
    """The month of credits of a paid period."""
    start, end = month_of(current_terms.start, current_terms.end, current_terms.interval, moment)
    name = clock.period_name(start)
    allowance = current_terms.granted if name == current_terms.granted_period else current_terms.allowance
    return Period(name, end, current_terms.plan, allowance)
