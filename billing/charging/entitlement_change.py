"""The one transaction in which terms, credits and caps change: the workspace's row, its counters, others' items."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from accounts.models import Workspace, workspaces
from billing.charging import caps, counters
from billing.charging.balance import Balance
from billing.models import Counter
from billing.models import counters as counter_rows
from billing.plans import periods
from billing.plans.periods import Period, Terms
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError

OWN_WRITES = {"terms", "period", "day"}
ExtraWrites = Callable[[dynamo.Transaction], None]


class AlreadyApplied(Exception):
    """An item that is written once was there already, so nothing was written: an event of Stripe's, a grant's id."""


class CreditsBusy(ApiError):
    """Others changed the same credits all the while."""

    status = 503
    code = "credits_busy"

    def __init__(self) -> None:
        super().__init__("The workspace's credits are being changed by others. Try again in a moment.", retry_after=1)


@dataclass(frozen=True)
class TermsChange:
    """What a change did: the terms from now on, the period they hold in, and its balance before and after."""

    terms: Terms
    period: Period
    before: Balance
    after: Balance


def unchanged(balance: Balance) -> Balance:
    """Credits as they are."""
    return balance


@dataclass(frozen=True)
class Draft:
    """What is to change: attributes of the workspace, its balance, and rows that say so. `keeps_paid`: what is paid
    for and used meanwhile must not become overage. `period`: whose balance it is, an open one's name; empty for the
    running one. `moment`: the time it was drafted for, 0 for now."""

    values: dict[str, Any] = field(default_factory=dict)
    balance: Callable[[Balance], Balance] = unchanged
    record: Callable[[dynamo.Transaction, TermsChange], None] | None = None
    keeps_paid: bool = False
    period: str = ""
    moment: float = 0


def update_terms(
    workspace_id: str, decide: Callable[[Workspace], Draft], within: ExtraWrites | None = None
) -> TermsChange:
    """Change terms and credits as `decide` drafts from the current row, at once or not at all, once.

    Every such change raises the row's revision, so two never mix; charges go on meanwhile and lose nothing. `within`
    adds the caller's own items to the transaction. Raises AlreadyApplied, WorkspaceGone, CreditsBusy; any other error
    of DynamoDB is raised unchanged, and may be tried again.
    """
    for _ in dynamo.retries():
        row = workspaces.require(workspace_id)
        outcome = _attempt(row, decide(row), within)
        if outcome is not None:
            return outcome
    raise CreditsBusy


def _attempt(row: Workspace, draft: Draft, within: ExtraWrites | None) -> TermsChange | None:
    """One try; None where a concurrent change won."""
    revision = int(row.billing_revision)
    for name, value in draft.values.items():
        setattr(row, name, value)
    row.billing_revision = revision + 1
    terms, now = periods.terms_of(row), draft.moment or clock.now()
    period, day = periods.at(terms, now), clock.day(now)
    is_running = draft.period in ("", period.name)
    rows = counter_rows.by_name(row.workspace_id, (period.name if is_running else draft.period, day))
    if is_running:
        counter, before = _current(rows.get(period.name), row.workspace_id, period, terms)
        after, sold = _with_sold(counter, draft.balance(before), period.plan)
        after = after.with_room(caps.room(terms, period, after.included, sold))
    else:
        counter, period = rows[draft.period], _past(rows[draft.period])
        before = counters.balance_of(counter)
        after, sold = _with_sold(counter, draft.balance(before), period.plan)
    outcome, is_fresh = TermsChange(terms, period, before, after), period.name not in rows

    def write(transaction: dynamo.Transaction) -> None:
        _write_terms(transaction, row, revision, draft.values)
        _write_period(transaction, counter, outcome, draft.keeps_paid, is_fresh, sold)
        limit = caps.daily_limit(terms, period)
        if is_running and day in rows and limit is not None:
            _write_day(transaction, rows[day], limit)
        if draft.record:
            draft.record(transaction, outcome)
        if within:
            within(transaction)

    return outcome if _commit(write) else None


def _commit(write: ExtraWrites) -> bool:
    """Commit what `write` adds to a transaction; False where a concurrent change won. Raises AlreadyApplied."""
    try:
        with dynamo.transaction() as transaction:
            write(transaction)
    except dynamo.TransactionCanceled as error:
        if error.failed - OWN_WRITES:
            raise AlreadyApplied from error
        return False
    return True


def _current(counter: Counter | None, workspace_id: str, period: Period, terms: Terms) -> tuple[Counter, Balance]:
    """The counter of the present period and its balance; a fresh one where none is open yet."""
    counter = counter or counters.new_period_counter(workspace_id, period, terms)
    return counter, counters.balance_of(counter).with_allowance(period.allowance)


def _with_sold(counter: Counter, after: Balance, plan: str) -> tuple[Balance, dict[str, int]]:
    """A balance after a change, and what of it is sold, by plan: where the change gives more credits, or another plan,
    what was used beyond the plan until then stays sold at that plan's price."""
    before, sold = counters.balance_of(counter), dict(counter.sold or {})
    if before.beyond and (after.included > before.included or plan != counter.plan):
        sold[counter.plan] = sold.get(counter.plan, 0) + before.beyond
    return replace(after, sold=sum(sold.values())), sold


def _past(counter: Counter) -> Period:
    """The period of a counter that is not the running one's."""
    ends = float(counter.ends or clock.period_end(counter.period))
    return Period(counter.period, ends, counter.plan, int(counter.base or 0))


def _write_terms(transaction: dynamo.Transaction, row: Workspace, revision: int, values: dict[str, Any]) -> None:
    actions = Workspace.assignments(values)
    actions.append(Workspace.billing_revision.set(revision + 1))
    condition = Workspace.is_present() & counters.has_revision(revision)
    transaction.update(Workspace(row.workspace_id), actions, condition=condition, name="terms")


def _write_period(
    transaction: dynamo.Transaction,
    counter: Counter,
    outcome: TermsChange,
    keeps_paid: bool,
    fresh: bool,
    sold: dict[str, int],
) -> None:
    after, period = outcome.after, outcome.period
    end = max(float(counter.ends or 0), period.ends)
    if fresh:
        counter.base, counter.extra, counter.room = after.base, after.extra, after.room
        counter.granted, counter.left = after.granted, after.left
        transaction.save(counter, if_absent=True, name="period")
        return
    increase = after.granted - int(counter.granted)
    # Of what is paid for, charges of meanwhile may use what stays; where nothing of it was left, nothing is taken.
    least_left = max(0, min(after.room - after.sold, after.left)) if keeps_paid else 0
    actions = [
        Counter.granted.add(increase),
        Counter.left.add(increase),
        Counter.base.set(after.base),
        Counter.extra.set(after.extra),
        Counter.room.set(after.room),
        Counter.ends.set(end),
        Counter.plan.set(period.plan),
    ]
    if sold:
        actions.append(Counter.sold.set(sold))
    # Only charges have changed it meanwhile: every other change would have raised the workspace's revision.
    transaction.update(counter, actions, condition=Counter.left >= least_left - increase, name="period")


def _write_day(transaction: dynamo.Transaction, counter: Counter, limit: int) -> None:
    increase = max(limit, int(counter.used)) - int(counter.granted)
    actions = [Counter.granted.add(increase), Counter.left.add(increase)]
    transaction.update(counter, actions, condition=Counter.left >= -increase, name="day")
