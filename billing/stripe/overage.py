"""Credits beyond the plan's, billed by Stripe: each whole credit once, at the price of its time, whatever crashes.

Those of the running plan are reported to Stripe's meter while the subscription's next invoice takes them. The rest is
on invoices of its own: what was used under a plan that has been changed or has ended since, what missed the invoice of
its period, and what a change of plan has held back for a day. The meter would bill it at another price, or nobody.
"""

import logging
import random
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from pynamodb.exceptions import PynamoDBException

from accounts.models import workspaces
from billing.charging import overage_credits
from billing.models import Counter, ReportedOverage, Subscription, counters
from billing.models import overage as overage_rows
from billing.plans import catalogue, periods
from billing.stripe import customers, gateway, meter, payments
from billing.stripe.gateway import StripeRefused, StripeUnavailable, SubscriptionSnapshot
from imgapis.base import clock, dynamo, rounds
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
LONGEST_HOLD = clock.DAY  # a change waits 23 hours at most; clicks that renew it hold nothing longer than this
log = logging.getLogger("imgapis.overage")


class OverageNotInvoiced(ApiError):
    """What was used beyond the plan is not all reported, or not counted by Stripe's meter yet: an invoice would miss
    it."""

    status = 503
    code = "overage_not_invoiced"

    def __init__(self) -> None:
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


class Destination(Enum):
    """How what was used is billed: by Stripe's meter, by an invoice of its own, or neither before a later round."""

    METER = 1
    INVOICE = 2
    LATER = 3


class Billing:
    """How the overage of a workspace is billed at this moment. `is_final`: there is no later round."""

    def __init__(self, workspace_id: str, customer_id: str, is_final: bool = False):
        self.workspace_id, self.customer_id, self.is_final = workspace_id, customer_id, is_final
        self.running_plan, now = _running_plan(workspace_id), clock.now()
        self.row = row = customers.of_workspace(workspace_id)
        self.is_held = row is not None and float(row.reports_from) > now
        self.is_overdue = row is not None and self.is_held and float(row.held_from or now) < now - LONGEST_HOLD

    @cached_property
    def subscription(self) -> SubscriptionSnapshot | None:
        """The subscription as it is at Stripe: what is written down may be older."""
        return gateway.subscription(self.customer_id)

    def is_over(self, plan: str, counter: Counter) -> bool:
        """Whether, by what is written down, no invoice of the meter's takes a counter at the price of `plan` any more:
        the plan was changed or ended before its period did, or the invoice of the period is no draft any more."""
        if plan != counter.plan or _is_invoiced(counter):
            return True
        if plan == self.running_plan:
            return False
        return catalogue.of(self.running_plan or plan).paid or clock.now() < float(counter.ends or 0)

    def destination(self, plan: str, counter: Counter) -> Destination:
        """How what was used under a plan is billed now. Raises what the gateway raises."""
        destination = Destination.INVOICE if self.is_over(plan, counter) else self._of_meter(plan, counter)
        if destination is Destination.LATER and (self.is_final or self.is_overdue):
            return Destination.INVOICE
        return destination

    def _of_meter(self, plan: str, counter: Counter) -> Destination:
        if self.is_held:
            return Destination.LATER
        subscription = self.subscription
        if subscription is None or subscription.state not in gateway.ENTITLED_STATES:
            # One that ends with its period has a last invoice, a draft for an hour; one that is cut short has none.
            ends_with_period = subscription is not None and subscription.ended_at >= float(counter.ends or 0)
            return Destination.METER if ends_with_period else Destination.INVOICE
        if subscription.pending_until:
            customers.hold_reports(self.workspace_id, subscription.pending_until + CHANGE_SECONDS)
            return Destination.LATER
        return Destination.METER if subscription.tier == plan else Destination.LATER


def report(workspace_id: str, customer_id: str, *, is_final: bool = False) -> bool:
    """Bill what has been used beyond a plan and was not billed yet; whether anything was. While a change of plan is
    under way the meter is told of nothing. Each period by itself: the last one's fault is raised when all have been
    tried. `is_final`: what would wait for a later round is invoiced too."""
    outcomes, last_error, billing = [], None, Billing(workspace_id, customer_id, is_final)
    for counter in counters.periods(workspace_id):
        if overage_credits.used_beyond(counter):
            try:
                outcomes.append(_report(counter, billing))
            except FAULTS as error:
                last_error = error
    if last_error is not None:
        raise last_error
    if billing.row is not None and billing.row.held_from and (billing.is_overdue or not billing.is_held):
        customers.restart_hold(billing.row)
    return any(outcomes)


def prepare_change(workspace_id: str, customer_id: str) -> None:
    """Before another plan is bought: Stripe bills with the change what its meter has counted at the price that goes, so
    what is being reported arrives, is counted, and nothing more is reported until the change is made. Raises
    OverageNotInvoiced where Stripe has not counted it yet, and what the gateway raises."""
    customers.hold_reports(workspace_id, clock.now() + CHANGE_SECONDS)
    billing = Billing(workspace_id, customer_id)
    for counter in counters.periods(workspace_id):
        row = overage_rows.find(workspace_id, counter.period)
        if row is not None and int(row.telling) > int(row.credits):
            _resume(row, counter, billing, is_sent=True)
    require_counted(workspace_id, customer_id)


def finish_change(workspace_id: str, customer_id: str) -> None:
    """After a change, its end without one, or while it waits for its payer: the hold lasts as long as Stripe waits, and
    what the meter does not bill any more is invoiced at the price of its time. What fails is done by the next round."""
    customers.hold_reports(workspace_id, clock.now() + CHANGE_SECONDS)
    with suppress(*FAULTS):
        _follow_change(workspace_id, customer_id)
        report(workspace_id, customer_id)


def _follow_change(workspace_id: str, customer_id: str) -> None:
    """Bring the hold to what Stripe shows: it is shortened only where no change waits and nobody begins one."""
    before = customers.of_workspace(workspace_id)
    subscription = gateway.subscription(customer_id)
    if subscription is not None and subscription.pending_until:
        customers.hold_reports(workspace_id, subscription.pending_until + CHANGE_SECONDS)
    elif before is not None:
        customers.shorten_hold(before, clock.now() + CHANGE_SECONDS)


def invoice_metered(subscription: SubscriptionSnapshot) -> None:
    """Have Stripe invoice at once, within a period, what its meter has counted: it does where a metered price is taken
    away, which is put back for what follows. Nothing is changed where the payment is refused. Raises what the gateway
    raises."""
    item_id = dict(subscription.items).get(gateway.OVERAGE)
    if item_id:
        gateway.call(
            gateway.api().subscriptions.update,
            subscription.subscription_id,
            items=[{"id": item_id, "deleted": True}],
            proration_behavior="always_invoice",
            payment_behavior="error_if_incomplete",
        )
    restore_metered(gateway.subscription(subscription.customer_id))


def restore_metered(subscription: SubscriptionSnapshot | None) -> None:
    """Put back the metered price of a plan that has none since `invoice_metered` ended between its two calls: what is
    reported without one is billed to nobody. Safe to repeat."""
    is_served = subscription is not None and subscription.state in gateway.ENTITLED_STATES
    if subscription is None or not is_served or gateway.OVERAGE in dict(subscription.items):
        return
    if subscription.pending_until or not catalogue.of(subscription.tier).paid:
        return
    price_id = gateway.price_ids()[f"{subscription.tier}_{gateway.OVERAGE}"]
    with suppress(StripeRefused):  # somebody else has put it back
        gateway.call(
            gateway.api().subscriptions.update,
            subscription.subscription_id,
            items=[{"price": price_id}],
            proration_behavior="none",
        )


def require_reported(workspace_id: str) -> None:
    """Raise OverageNotInvoiced where a part of what was used is neither reported nor invoiced."""
    for counter in counters.periods(workspace_id):
        row = overage_rows.find(workspace_id, counter.period)
        if overage_credits.used_beyond(counter) > (int(row.credits) if row else 0):
            raise OverageNotInvoiced


def require_counted(workspace_id: str, customer_id: str) -> None:
    """Stripe counts in the background, and invoices what it has counted: raise OverageNotInvoiced until it has."""
    for counter in counters.periods(workspace_id):
        if not overage_credits.used_beyond(counter) or float(counter.ends or 0) < clock.now() - clock.DAY:
            continue
        row = overage_rows.find(workspace_id, counter.period)
        starts = clock.moment_of_period(counter.period)
        if row and meter.counted(customer_id, starts, clock.now()) < int(row.credits) - int(row.invoiced):
            raise OverageNotInvoiced


def _running_plan(workspace_id: str) -> str:
    """The plan at whose price Stripe bills what its meter counts now; empty where the workspace is gone."""
    row = workspaces.find(workspace_id)
    return periods.at(periods.terms_of(row), clock.now()).plan if row is not None else ""


def failing_since() -> float | None:
    """Since when the oldest of the reports that do not go through has failed; None where all do."""
    return min((float(row.failing) for row in overage_rows.failing()), default=None)


def _report(counter: Counter, billing: Billing) -> bool:
    """Bill one counter, first what is under way. The new sum is stored first, and is part of the identifier: after a
    crash the same report is sent again, of the same moment, and Stripe counts it once. Each report is of the difference
    to the last one."""
    row = overage_rows.get_or_create(counter.workspace_id, counter.period)
    is_under_way = int(row.telling) > int(row.credits)
    if is_under_way and not _resume(row, counter, billing):
        return False
    outcomes = [is_under_way]
    for plan, until in overage_credits.parts(counter):
        if until <= int(row.credits):
            continue
        destination = billing.destination(plan, counter)
        if destination is Destination.LATER:
            break
        if not _begin(row, counter, until, plan if destination is Destination.INVOICE else ""):
            break
        _finish(row, counter, billing.customer_id)
        outcomes.append(True)
    return any(outcomes)


def _resume(row: ReportedOverage, counter: Counter, billing: Billing, is_sent: bool = False) -> bool:
    """Do what was written down and not done; False where it stays so until a later round. A report that the meter would
    not bill any more is not repeated: once the meter must have counted it, it is invoiced where that has not happened.
    `is_sent`: it is repeated in spite of a hold, as the hold is that of a change that has not begun."""
    plan = next((plan for plan, until in overage_credits.parts(counter) if until > int(row.credits)), counter.plan)
    if not row.invoicing and billing.is_over(plan, counter):
        if float(row.moment) > clock.now() - COUNTED_SECONDS:
            return False
        if _is_counted(row, counter, billing.customer_id):
            _settle(row)
            return True
        if not overage_rows.invoice_instead(row, plan):
            return False
    elif not row.invoicing and billing.is_held and not is_sent:
        return False
    _finish(row, counter, billing.customer_id)
    return True


def _begin(row: ReportedOverage, counter: Counter, used: int, plan: str) -> bool:
    """Write down what is going to be reported, or invoiced at the price of `plan`; False where somebody else is
    reporting it, or a change of plan has begun, in the same transaction: it would be lost with the change."""
    values = {"telling": used, "moment": clock.now() if plan else _free_moment(counter), "invoicing": plan}
    try:
        with dynamo.transaction() as transaction:
            actions = ReportedOverage.assignments(values)
            transaction.update(row, actions, condition=overage_rows.unchanged(row), name="report")
            if not plan:
                customers.require_no_hold(transaction, counter.workspace_id)
    except dynamo.TransactionCanceled as error:
        if error.failed:
            return False
        raise
    for name, value in values.items():
        setattr(row, name, value)
    return True


def _finish(row: ReportedOverage, counter: Counter, customer_id: str) -> None:
    """Do what is written down: report or invoice."""
    try:
        if row.invoicing:
            _invoice(row, counter, customer_id)
        else:
            _send(row, counter, customer_id)
    except FAULTS:
        overage_rows.mark_failing(row, clock.now())
        raise
    _settle(row)


def _settle(row: ReportedOverage) -> None:
    """Write down that what was written down is done."""
    invoiced = int(row.invoiced) + (int(row.telling) - int(row.credits) if row.invoicing else 0)
    overage_rows.settle(row, clock.now(), invoiced)


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
    if float(row.moment) < clock.now() - REPEATED_SECONDS and _is_counted(row, counter, customer_id):
        return
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
    rows = overage_rows.of_workspace(counter.workspace_id)
    taken_minutes = {float(row.moment) // meter.MINUTE for row in rows if not row.invoicing}
    moment = _moment(counter)
    while moment // meter.MINUTE in taken_minutes:
        moment -= meter.MINUTE
    return moment


def _moment(counter: Counter) -> float:
    """The latest moment of a period so far."""
    return min(clock.now(), float(counter.ends or clock.now()) - 1)


def _is_invoiced(counter: Counter) -> bool:
    """Whether the invoice of a period is no draft any more: it is one for an hour after the period's end."""
    return clock.now() > float(counter.ends or clock.now()) + DRAFT_SECONDS
