"""The proof: the events of a stretch of periods add up to its counters, and these to what was granted, always."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from billing.models import Counter, grants
from billing.models import counters as counter_rows
from imgapis.base import clock
from telemetry import rollups, sums
from telemetry.models import events as event_rows
from telemetry.sums import Cells


@dataclass(frozen=True)
class Proof:
    """One period of one workspace, in half-credits; or several as one, where a change of plan made them overlap: a
    charge of those seconds stands in the one period or in the other, and in the sum once."""

    workspace_id: str
    period: str
    granted: int
    used: int
    left: int
    events: int
    rolled: int
    given: int = 0
    extra: int = 0
    counters_consistent: bool = True
    missing_months: tuple[str, ...] = ()
    wrong_months: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether the sum of events is what was used, and nothing is missing from the grant or below zero."""
        return (
            self.events == self.used and self.used + self.left == self.granted and self.left >= 0 and self.is_balanced
        )

    @property
    def is_balanced(self) -> bool:
        """Whether each counter is the sum of its plan, its grants and its room, and its grants are on record."""
        return self.counters_consistent and self.given == self.extra

    @property
    def rollups_match(self) -> bool:
        """Whether the dashboard's sums say the same; marked hours that are not added up yet make it late, not wrong."""
        return self.rolled == self.events and not self.wrong_months


def prove(workspace_id: str) -> list[Proof]:
    """The proof of every period of a workspace."""
    grants_by_period = _given(workspace_id)
    return [_prove(group, grants_by_period) for group in _overlapping_groups(counter_rows.periods(workspace_id))]


def prove_all(workspace_ids: Iterable[str]) -> list[Proof]:
    """The proof of every period of every workspace. Hours whose sums are wrong are marked, to be added up again; months
    that are over are added up where they were not yet, or not rightly."""
    proofs = []
    for workspace_id in workspace_ids:
        grants_by_period = _given(workspace_id)
        for group in _overlapping_groups(counter_rows.periods(workspace_id)):
            proof = _prove(group, grants_by_period)
            proofs.append(proof)
            if not proof.rollups_match and _has_events(_span(group)[0]):
                rollups.mark_dirty((workspace_id, hour) for hour in _hours(workspace_id, *_span(group)))
            for month in (*proof.missing_months, *proof.wrong_months):
                rollups.rebuild_month(workspace_id, month)
    return proofs


def _given(workspace_id: str) -> dict[str, int]:
    """Half-credits granted and taken back, by name of the period."""
    halves_by_period: dict[str, int] = {}
    for grant in grants.of_workspace(workspace_id):
        halves_by_period[grant.period] = halves_by_period.get(grant.period, 0) + int(grant.halves)
    return halves_by_period


def _overlapping_groups(counters: Iterable[Counter]) -> Iterator[list[Counter]]:
    """Counters grouped by overlap, oldest first."""
    group: list[Counter] = []
    for row in counters:
        if group and clock.moment_of_period(row.period) >= _span(group)[1]:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def _span(group: list[Counter]) -> tuple[float, float]:
    """Start and end of a group of counters, in seconds since 1970."""
    end = max(float(row.ends) if row.ends else clock.period_end(row.period) for row in group)
    return clock.moment_of_period(group[0].period), end


def _prove(group: list[Counter], grants_by_period: dict[str, int]) -> Proof:
    workspace_id = group[0].workspace_id
    start, end = _span(group)
    rollup_halves = _rolled(workspace_id, start, end)
    months = {month: rollups.month_sums(workspace_id, month) for month in _months(start, end)}
    return Proof(
        workspace_id,
        group[0].period,
        granted=sum(int(row.granted) for row in group),
        used=sum(int(row.used) for row in group),
        left=sum(int(row.left) for row in group),
        events=_summed(workspace_id, start, end) if _has_events(start) else rollup_halves,
        rolled=rollup_halves,
        given=sum(grants_by_period.get(row.period, 0) for row in group),
        extra=sum(int(row.extra) for row in group),
        counters_consistent=all(_is_consistent(row) for row in group),
        # A month without rows is shown by its days: it is unmade, and nothing is wrong.
        missing_months=tuple(
            name for name, (by_month, by_days) in months.items() if by_month is None and by_days.requests
        ),
        wrong_months=tuple(name for name, (by_month, by_days) in months.items() if by_month not in (None, by_days)),
    )


def _has_events(start: float) -> bool:
    """Whether single events from `start` on are kept by every plan; older stretches are proven by their sums alone."""
    return start > rollups.retention_start()


def _summed(workspace_id: str, start: float, end: float) -> int:
    return sum(int(event.cost) for event in event_rows.between(workspace_id, start, end))


def _rolled(workspace_id: str, start: float, end: float) -> int:
    """The half-credits in the rollups of a span of whole hours: its whole days, and the hours at its ends."""
    first, last = -(-start // clock.DAY) * clock.DAY, end // clock.DAY * clock.DAY
    if first > last:
        return _cost(rollups.hours(workspace_id, clock.hour(start), clock.hour(end)))
    spans = [rollups.days(workspace_id, clock.day(first), clock.day(last))] if first < last else []
    spans += [
        rollups.hours(workspace_id, clock.hour(begin), clock.hour(until))
        for begin, until in ((start, first), (last, end))
    ]
    return sum(_cost(span) for span in spans)


def _months(start: float, end: float) -> list[str]:
    """The months that a span touches and that are over."""
    last_month, month, names = clock.month(end), clock.month(start), []
    while month <= last_month and rollups.month_has_ended(month):
        names.append(month)
        month = clock.month(clock.period_end(month))
    return names


def _cost(rows: Iterable[tuple[str, str, Cells]]) -> int:
    return sum(sums.total(cells.items()).cost for _, _, cells in rows)


def _is_consistent(row: Counter) -> bool:
    """Whether a counter's parts add up; one from before there were plans has no base."""
    expected = row.granted if row.base is None else row.base + row.extra + row.room
    return row.used + row.left == row.granted == expected and row.left >= 0


def _hours(workspace_id: str, start: float, end: float) -> set[str]:
    return {clock.hour(event_rows.moment(row)) for row in event_rows.between(workspace_id, start, end)}
