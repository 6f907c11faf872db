"""The counters a charge is booked on: opened once, by the terms in force, never for a workspace that is gone."""

from collections.abc import Iterable
from dataclasses import dataclass

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from accounts.models import Workspace, workspaces
from billing.charging import caps
from billing.charging.balance import Balance
from billing.models import Counter
from billing.models import counters as counter_rows
from billing.plans import periods
from billing.plans.periods import Period, Terms
from imgapis.base import clock, dynamo

KEPT_SECONDS = 400 * clock.DAY


@dataclass(frozen=True)
class ChargeCounters:
    """Where a charge is booked: its period, and its day where days are capped."""

    period: Period
    day: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the counters."""
        return (self.period.name,) if self.day is None else (self.period.name, self.day)


MOST_KNOWN = 10_000
_known: set[tuple[str, ...]] = set()  # the counters this process has seen, so that they are not looked for again


def counters_for(terms: Terms, moment: float) -> ChargeCounters:
    """The counters of a moment by some terms; nothing is read."""
    period = periods.at(terms, moment)
    return ChargeCounters(period, clock.day(moment) if caps.daily_limit(terms, period) is not None else None)


def ensure_open(workspace_id: str, terms: Terms, moment: float) -> ChargeCounters:
    """The counters a charge is booked on, opened where they are absent. `terms` may be some seconds old: where a
    counter is opened the current ones decide. Raises WorkspaceGone, and TransactWriteError where a concurrent
    transaction won or the store failed: to be tried again."""
    target = counters_for(terms, moment)
    if _key(workspace_id, target) not in _known:
        target = _open(workspace_id, terms, moment)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known.add(_key(workspace_id, target))
    return target


def invalidate(workspace_id: str, target: ChargeCounters) -> None:
    """Look for the counters again before the next charge."""
    _known.discard(_key(workspace_id, target))


def _key(workspace_id: str, target: ChargeCounters) -> tuple[str, ...]:
    """What is remembered of open counters: while a period is unpaid, each day's share anew."""
    share = (str(target.period.allowance),) if target.period.unpaid else ()
    return (workspace_id, *target.names, *share)


def _open(workspace_id: str, terms: Terms, moment: float) -> ChargeCounters:
    target = counters_for(terms, moment)
    rows = counter_rows.by_name(workspace_id, target.names)
    missing_names = [name for name in target.names if name not in rows]
    try:
        if missing_names:
            open_counters(workspace_id, terms.revision, _rows(workspace_id, target, terms, missing_names))
        if counter := rows.get(target.period.name):
            _raise_share(counter, target.period, terms)
    except dynamo.TransactionCanceled as error:
        if "workspace" not in error.failed:
            raise
        return _open_by_current_terms(workspace_id, terms, moment)
    return target


def _raise_share(counter: Counter, period: Period, terms: Terms) -> None:
    """Write the share of the day down where the period is unpaid and the counter holds that of an earlier day."""
    balance, before = balance_at(counter, period, terms), balance_of(counter)
    if balance.base > before.base:
        increase = balance.granted - before.granted
        raise_base(counter, terms.revision, balance.base, balance.room, increase)


def _open_by_current_terms(workspace_id: str, terms: Terms, moment: float) -> ChargeCounters:
    """The terms have changed meanwhile. A moment from before the new ones begin still belongs where it did."""
    current_terms = periods.terms_of(workspaces.require(workspace_id))
    if not current_terms.paid or moment >= current_terms.start:
        return _open(workspace_id, current_terms, moment)
    target = counters_for(terms, moment)
    missing_names = [name for name in target.names if name not in counter_rows.by_name(workspace_id, target.names)]
    if missing_names:
        open_counters(workspace_id, None, _rows(workspace_id, target, terms, missing_names))
    return target


def balance_of(counter: Counter) -> Balance:
    """The balance a counter holds; one from before there were plans is its plan's alone."""
    base = int(counter.granted) if counter.base is None else int(counter.base)
    return Balance(base, int(counter.extra), int(counter.room), int(counter.used), sum((counter.sold or {}).values()))


def balance_at(counter: Counter, period: Period, terms: Terms) -> Balance:
    """The balance of a counter at this moment: where the period is unpaid, with the share of the day, which the next
    charge writes down."""
    balance = balance_of(counter)
    if not period.unpaid:
        return balance
    balance = balance.with_allowance(period.allowance)
    return balance.with_room(caps.room(terms, period, balance.included, counter.sold or {}))


def _rows(workspace_id: str, target: ChargeCounters, terms: Terms, names: list[str]) -> list[Counter]:
    counters, limit = [], caps.daily_limit(terms, target.period)
    if target.period.name in names:
        counters.append(new_period_counter(workspace_id, target.period, terms))
    if target.day in names and limit is not None:
        counters.append(new_day_counter(workspace_id, target.day, limit))
    return counters


def new_period_counter(workspace_id: str, period: Period, terms: Terms) -> Counter:
    """The fresh counter of a period."""
    balance = Balance(period.allowance)
    balance = balance.with_room(caps.room(terms, period, balance.included))
    return Counter(
        workspace_id,
        period.name,
        granted=balance.granted,
        used=0,
        left=balance.left,
        base=balance.base,
        extra=0,
        room=balance.room,
        ends=period.ends,
        plan=period.plan,
    )


def new_day_counter(workspace_id: str, day: str, halves: int, used: int = 0) -> Counter:
    """The fresh counter of a capped day."""
    expires = clock.utc(clock.moment_of_hour(f"{day}T00") + KEPT_SECONDS)
    granted = max(halves, used)
    return Counter(workspace_id, day, granted=granted, used=used, left=granted - used, expires=expires)


def open_counters(workspace_id: str, revision: int | None, rows: Iterable[Counter]) -> None:
    """Create counters of a workspace that exists, and whose terms are those of `revision` where one is named.

    Raises TransactionCanceled, with "workspace" among the failed, where it is erased (D8) or the terms are older ones;
    TransactWriteError.
    """
    condition = Workspace.is_present()
    if revision is not None:
        condition &= has_revision(revision)
    with dynamo.transaction() as transaction:
        transaction.check(Workspace, workspace_id, condition=condition, name="workspace")
        for row in rows:
            transaction.save(row, if_absent=True)


def raise_base(counter: Counter, revision: int, base: int, room: int, increase: int) -> None:
    """Raise what a plan gives in a period, `counter` as it was read, by the terms of `revision`. Raises as
    `open_counters` does; with "period" among the failed where somebody else has raised it."""
    actions: list[Action] = [
        Counter.granted.add(increase),
        Counter.left.add(increase),
        Counter.base.set(base),
        Counter.room.set(room),
    ]
    condition = (Counter.base == int(counter.base)) & (Counter.left >= -increase)
    is_current = Workspace.is_present() & has_revision(revision)
    with dynamo.transaction() as transaction:
        transaction.check(Workspace, counter.workspace_id, condition=is_current, name="workspace")
        transaction.update(counter, actions, condition=condition, name="period")


def has_revision(revision: int) -> Condition:
    """The condition that a workspace's terms are still those of a revision; a row from before billing has none."""
    condition = Workspace.billing_revision == revision
    return condition if revision else condition | Workspace.billing_revision.does_not_exist()
