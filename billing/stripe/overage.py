"""Credits beyond the plan's, reported to Stripe's meter: each whole credit once, whatever crashes between."""

import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.exceptions import PynamoDBException

from billing import store
from billing.models import Counter
from billing.rows.stripe import ReportedOverage, Subscription
from billing.stripe import customers, gateway, meter
from billing.stripe.gateway import StripeUnavailable
from imgapis.base import clock, rounds
from imgapis.base.errors import ApiError
from telemetry import metrics

# Stripe knows an identifier for a day at least; past this age of a report its own count is asked first.
REPEATED_SECONDS = 23 * 3_600
LONGEST_SECONDS = 35 * clock.DAY  # Stripe takes no report of a moment before
DRAFT_SECONDS = 3_300  # a little less than Stripe's hour
# After so many customers in a row without an answer Stripe is taken to be away, and the rest waits.
MOST_UNANSWERED = 3
FAULTS = (ApiError, PynamoDBException)
log = logging.getLogger("imgapis.overage")


@dataclass(frozen=True)
class Round:
    """What a round did: for how many workspaces something was reported, and for how many that failed."""

    reported: int
    failed: int


def report_all(seconds: float = rounds.UNLIMITED) -> Round:
    """Report every workspace's overage to the meter, each by itself and for as many seconds: what fails for one keeps
    no other back. In another order each time, so that where the rest waits for the next round, because Stripe is away
    or time is over, nobody is always last."""
    budget = rounds.Budget(seconds)
    rows = [row for row in customers.iter_all() if _is_reported(row)]
    random.shuffle(rows)
    reported_count = failed_count = unanswered_in_row = 0
    for row in budget.within(rows):
        try:
            reported_count += report(row.workspace_id, row.customer_id)
            unanswered_in_row = 0
        except FAULTS as error:
            failed_count += 1
            unanswered_in_row = unanswered_in_row + 1 if isinstance(error, StripeUnavailable) else 0
            if unanswered_in_row == MOST_UNANSWERED:
                break
    if failed_count:
        metrics.counts().overage_failed.inc(failed_count)
        log.warning("overage_not_reported", extra={"count": failed_count})
    return Round(reported_count, failed_count)


def _is_reported(row: Subscription) -> bool:
    """Whether there may be something to report: also of a subscription that has ended, whose last minutes are on its
    last invoice, and for as long as Stripe takes reports of its time."""
    return row.state in gateway.ENTITLED_STATES or float(row.period_end) > clock.now() - LONGEST_SECONDS


def report(workspace_id: str, customer_id: str) -> bool:
    """Report what has been used beyond a plan and was not reported yet; whether anything was. Each period by itself:
    the last one's fault is raised when all have been tried."""
    outcomes, last_error = [], None
    for counter in store.counters(workspace_id):
        if used := used_beyond(counter):
            try:
                outcomes.append(_report(counter, used, customer_id))
            except FAULTS as error:
                last_error = error
    if last_error is not None:
        raise last_error
    return any(outcomes)


def used_beyond(counter: Counter) -> int:
    """Whole credits beyond what the plan and grants include; a started one counts when it is whole."""
    base = int(counter.granted) if counter.base is None else int(counter.base)
    return max(0, int(counter.used) - base - int(counter.extra)) // 2 if counter.room > 0 else 0


def failing_since() -> float | None:
    """Since when the oldest of the reports that do not go through has failed; None where all do."""
    return min((float(row.failing) for row in _failing()), default=None)


def _failing() -> Iterable[ReportedOverage]:
    return ReportedOverage.scan(ReportedOverage.failing > 0, consistent_read=True)


def _report(counter: Counter, used: int, customer_id: str) -> bool:
    """Report one counter. The new sum is stored first, and is part of the identifier: after a crash the same report is
    sent again, of the same moment, and Stripe counts it once. Each report is of the difference to the last one."""
    row = _row(counter)
    if int(row.telling) <= int(row.credits) and not _begin(row, counter, used):
        return False
    try:
        _send(row, counter, customer_id)
    except FAULTS:
        row.update_if((ReportedOverage.failing == 0) | ReportedOverage.failing.does_not_exist(), failing=clock.now())
        raise
    row.update_if(ReportedOverage.credits == row.credits, credits=row.telling, told=clock.now(), failing=0)
    return True


def _begin(row: ReportedOverage, counter: Counter, used: int) -> bool:
    """Write down what is going to be reported; False where nothing is new, or somebody else is reporting it."""
    if used <= int(row.credits):
        return False
    return row.update_if(ReportedOverage.telling == row.telling, telling=used, moment=_free_moment(counter))


def _send(row: ReportedOverage, counter: Counter, customer_id: str) -> None:
    """Send a report, or the same one again: beyond the day for which Stripe knows its identifier only where its meter
    has not counted it."""
    previous, target = int(row.credits), int(row.telling)
    if float(row.moment) < clock.now() - REPEATED_SECONDS:
        if _is_counted(row, counter, customer_id):
            return
        if _is_invoiced(counter):
            row.update_if(ReportedOverage.moment == row.moment, moment=_free_moment(counter))
    identifier = f"{row.workspace_id}-{row.period}-{previous}-{target}"
    meter.report(customer_id, identifier, target - previous, float(row.moment) or _moment(counter))


def _is_counted(row: ReportedOverage, counter: Counter, customer_id: str) -> bool:
    """Whether the meter has counted a report: it is the only one of its minute. One that an earlier release began has
    no moment on record, and the whole period is compared."""
    if moment := float(row.moment):
        return meter.counted(customer_id, moment, moment) >= int(row.telling) - int(row.credits)
    starts = clock.moment_of_period(counter.period)
    return meter.counted(customer_id, starts, _moment(counter)) >= int(row.telling)


def _free_moment(counter: Counter) -> float:
    """The moment for a report: no two of a workspace share a minute, so that each can be asked for."""
    rows = ReportedOverage.query(counter.workspace_id, consistent_read=True)
    taken_minutes, moment = {float(row.moment) // meter.MINUTE for row in rows}, _moment(counter)
    while moment // meter.MINUTE in taken_minutes:
        moment -= meter.MINUTE
    return moment


def _moment(counter: Counter) -> float:
    """The latest moment of a period so far; once its invoice takes no more, the present one, which the next takes."""
    return clock.now() if _is_invoiced(counter) else min(clock.now(), float(counter.ends or clock.now()) - 1)


def _is_invoiced(counter: Counter) -> bool:
    """Whether the invoice of a period is no draft any more: it is one for an hour after the period's end."""
    return clock.now() > float(counter.ends or clock.now()) + DRAFT_SECONDS


def _row(counter: Counter) -> ReportedOverage:
    key = (counter.workspace_id, counter.period)
    if row := ReportedOverage.find(*key):
        return row
    row = ReportedOverage(*key, credits=0, telling=0, told=0)
    return row if row.save_if(ReportedOverage.is_absent()) else ReportedOverage.get(*key, consistent_read=True)
