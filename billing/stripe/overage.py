"""Credits beyond the plan's, billed by Stripe: each whole credit once, at the price of its time, whatever crashes.

Those of the running plan are reported to Stripe's meter. What was used under a plan that has been changed since, and
was not reported before, is on an invoice of its own: the meter's item has another plan's price by then.
"""

import logging
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from pynamodb.exceptions import PynamoDBException

from accounts import store as accounts_store
from billing import store
from billing.charging import counters
from billing.models import Counter
from billing.plans import catalogue, periods
from billing.rows.stripe import ReportedOverage, Subscription
from billing.stripe import customers, gateway, meter, payments
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
# Around a change no report is made for so long: one between Stripe's count and the change would be lost, and so would
# one after it that names a moment before it.
CHANGE_SECONDS = 300
COUNTED_SECONDS = 3_600  # what the meter has not counted by then did not arrive
CONFIRM_SECONDS = 23 * 3_600  # for so long Stripe waits for the payer to confirm a change
log = logging.getLogger("imgapis.overage")


class OverageNotInvoiced(ApiError):
    """Stripe's meter has not counted yet what was used beyond the plan: it would be missing on an invoice."""

    status = 503
    code = "overage_not_invoiced"

    def __init__(self):
        super().__init__(
            "Stripe is still adding up what was used beyond the plan, which is invoiced first. Nothing was changed: try"
            " again in a minute.",
            retry_after=60,
        )


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
            if not _is_held(row.workspace_id):
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


def _is_held(workspace_id: str) -> bool:
    """Whether a change of plan is under way; read anew, since a round takes a while."""
    row = customers.of_workspace(workspace_id)
    return row is not None and float(row.reports_from) > clock.now()


def report(workspace_id: str, customer_id: str, *, metered: bool = True) -> bool:
    """Report what has been used beyond a plan and was not reported yet; whether anything was. Each period by itself:
    the last one's fault is raised when all have been tried. `metered`: to Stripe's meter too, not by invoice alone."""
    outcomes, last_error, plan = [], None, _running_plan(workspace_id)
    for counter in store.counters(workspace_id):
        if used_beyond(counter):
            try:
                outcomes.append(_report(counter, plan, customer_id, metered))
            except FAULTS as error:
                last_error = error
    if last_error is not None:
        raise last_error
    return any(outcomes)


def prepare_change(workspace_id: str, customer_id: str) -> None:
    """Before another plan is bought: Stripe bills with the change what its meter has counted at the price that goes, so
    what is being reported arrives, is counted, and nothing more is reported until the change is made. Raises
    OverageNotInvoiced where Stripe has not counted it yet, and what the gateway raises."""
    customers.hold_reports(workspace_id, clock.now() + CHANGE_SECONDS)
    for counter in store.counters(workspace_id):
        row = ReportedOverage.find(workspace_id, counter.period)
        if row is not None and int(row.telling) > int(row.credits):
            _finish(row, counter, customer_id)
    require_counted(workspace_id, customer_id)


def wait_for_confirmation(workspace_id: str) -> None:
    """Report nothing while a change waits for its payer, as the change would lose it."""
    customers.hold_reports(workspace_id, clock.now() + CONFIRM_SECONDS)


def finish_change(workspace_id: str, customer_id: str) -> None:
    """After a change, or its end without one: what was not reported before is invoiced at the price of its time. What
    fails is done by the next round."""
    customers.hold_reports(workspace_id, clock.now() + CHANGE_SECONDS)
    with suppress(*FAULTS):
        report(workspace_id, customer_id, metered=False)


def require_counted(workspace_id: str, customer_id: str) -> None:
    """Stripe counts in the background, and invoices what it has counted: raise OverageNotInvoiced until it has."""
    for counter in store.counters(workspace_id):
        if not used_beyond(counter) or float(counter.ends or 0) < clock.now() - clock.DAY:
            continue
        row = ReportedOverage.find(workspace_id, counter.period)
        starts = clock.moment_of_period(counter.period)
        if row and meter.counted(customer_id, starts, clock.now()) < int(row.credits) - int(row.invoiced):
            raise OverageNotInvoiced


def _running_plan(workspace_id: str) -> str:
    """The plan at whose price Stripe bills what its meter counts now; empty where the workspace is gone."""
    row = accounts_store.workspace(workspace_id)
    return periods.at(periods.terms_of(row), clock.now()).plan if row is not None else ""


def used_beyond(counter: Counter) -> int:
    """Whole credits beyond what the plan and grants include; a started one counts when it is whole."""
    return parts(counter)[-1][1]


def parts(counter: Counter) -> list[tuple[str, int]]:
    """What was used beyond the included credits: at which plan's price, and up to how many whole credits of all."""
    balance, sold, halves, bounds = counters.balance_of(counter), dict(counter.sold or {}), 0, []
    if counter.room > 0:
        sold[counter.plan] = sold.get(counter.plan, 0) + balance.beyond
    for plan in sorted(sold, key=list(catalogue.CATALOGUE).index):  # within a period plans only become larger
        halves += sold[plan]
        bounds.append((plan, halves // catalogue.HALVES))
    return bounds or [(counter.plan, 0)]


def owed_cents(counter: Counter) -> int:
    """What a period's credits beyond the plan cost, each at the price of its time; in US cents before tax."""
    cents = before = 0
    for plan, until in parts(counter):
        cents += catalogue.of(plan).overage_cents((until - before) * catalogue.HALVES)
        before = until
    return cents


def failing_since() -> float | None:
    """Since when the oldest of the reports that do not go through has failed; None where all do."""
    return min((float(row.failing) for row in _failing()), default=None)


def _failing() -> Iterable[ReportedOverage]:
    return ReportedOverage.scan(ReportedOverage.failing > 0, consistent_read=True)


def _report(counter: Counter, running_plan: str, customer_id: str, metered: bool) -> bool:
    """Report one counter, first what is under way. The new sum is stored first, and is part of the identifier: after a
    crash the same report is sent again, of the same moment, and Stripe counts it once. Each report is of the difference
    to the last one."""
    row = _row(counter)
    is_under_way = int(row.telling) > int(row.credits)
    if is_under_way:
        _invoice_lost(row, counter, running_plan, customer_id)
        _finish(row, counter, customer_id)
    outcomes = [is_under_way]
    for plan, until in parts(counter):
        is_over = _is_over(plan, counter, running_plan)
        if (is_over or metered) and _begin(row, counter, until, plan if is_over else ""):
            _finish(row, counter, customer_id)
            outcomes.append(True)
    return any(outcomes)


def _is_over(plan: str, counter: Counter, running_plan: str) -> bool:
    """Whether Stripe's meter has another plan's price by now; where no paid plan runs, the last one's invoice waits."""
    return plan != counter.plan or (plan != running_plan and catalogue.of(running_plan or plan).paid)


def _invoice_lost(row: ReportedOverage, counter: Counter, running_plan: str, customer_id: str) -> None:
    """Have a report invoiced instead that did not reach the meter before its plan was changed."""
    plan = next((plan for plan, until in parts(counter) if until > int(row.credits)), counter.plan)
    is_late = not row.invoicing and 0 < float(row.moment) < clock.now() - COUNTED_SECONDS
    if is_late and _is_over(plan, counter, running_plan) and not _is_counted(row, counter, customer_id):
        row.update_if(ReportedOverage.telling == row.telling, invoicing=plan)


def _begin(row: ReportedOverage, counter: Counter, used: int, plan: str) -> bool:
    """Write down what is going to be reported, or invoiced at the price of `plan`; False where nothing is new, or
    somebody else is reporting it."""
    if used <= int(row.credits):
        return False
    condition = ReportedOverage.telling == row.telling
    moment = clock.now() if plan else _free_moment(counter)
    return row.update_if(condition, telling=used, moment=moment, invoicing=plan)


def _finish(row: ReportedOverage, counter: Counter, customer_id: str) -> None:
    """Do what is written down, and write down that it is done."""
    try:
        if row.invoicing:
            _invoice(row, counter, customer_id)
        else:
            _send(row, counter, customer_id)
    except FAULTS:
        row.update_if((ReportedOverage.failing == 0) | ReportedOverage.failing.does_not_exist(), failing=clock.now())
        raise
    invoiced = int(row.invoiced) + (int(row.telling) - int(row.credits) if row.invoicing else 0)
    row.update_if(
        ReportedOverage.credits == row.credits, credits=row.telling, told=clock.now(), failing=0, invoiced=invoiced
    )


def _invoice(row: ReportedOverage, counter: Counter, customer_id: str) -> None:
    """Invoice credits on their own, at the price of the plan they were used under."""
    plan, credits = catalogue.of(row.invoicing), int(row.telling) - int(row.credits)
    ends = min(clock.now(), float(counter.ends or clock.now()))
    span = (int(clock.moment_of_period(counter.period)), int(ends))
    payments.invoice_overage(customer_id, _identifier(row), plan, credits, span)


def _identifier(row: ReportedOverage) -> str:
    return f"{row.workspace_id}-{row.period}-{int(row.credits)}-{int(row.telling)}"


def _send(row: ReportedOverage, counter: Counter, customer_id: str) -> None:
    """Send a report, or the same one again: beyond the day for which Stripe knows its identifier only where its meter
    has not counted it."""
    previous, target = int(row.credits), int(row.telling)
    if float(row.moment) < clock.now() - REPEATED_SECONDS:
        if _is_counted(row, counter, customer_id):
            return
        if _is_invoiced(counter):
            row.update_if(ReportedOverage.moment == row.moment, moment=_free_moment(counter))
    meter.report(customer_id, _identifier(row), target - previous, float(row.moment) or _moment(counter))


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
    taken_minutes = {float(row.moment) // meter.MINUTE for row in rows if not row.invoicing}
    moment = _moment(counter)
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
