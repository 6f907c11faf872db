"""The proof: the events of a period add up to its counter, always."""

from collections.abc import Iterable
from dataclasses import dataclass

from billing import store
from imgapis.base import clock
from telemetry import rollups, sums
from telemetry import store as telemetry_store


@dataclass(frozen=True)
class Proof:
    """One period of one workspace, in half-credits."""

    workspace_id: str
    period: str
    granted: int
    used: int
    left: int
    events: int
    rolled: int

    @property
    def holds(self) -> bool:
        """Whether the sum of events is what was used, and nothing is missing from the grant or below zero."""
        return self.events == self.used and self.used + self.left == self.granted and self.left >= 0

    @property
    def shown_right(self) -> bool:
        """Whether the dashboard's sums say the same; marked hours that are not added up yet make it late, not wrong."""
        return self.rolled == self.events


def prove(workspace_id: str) -> list[Proof]:
    """The proof of every period of a workspace."""
    return [_prove(row) for row in store.counters(workspace_id)]


def prove_all(workspace_ids: Iterable[str]) -> list[Proof]:
    """The proof of every period of every workspace. Hours whose sums are wrong are marked, to be added up again."""
    proofs = [proof for workspace_id in workspace_ids for proof in prove(workspace_id)]
    for proof in proofs:
        if not proof.shown_right:
            rollups.mark((proof.workspace_id, hour) for hour in _hours(proof))
    return proofs


def _prove(row) -> Proof:
    start, end = clock.moment_of_period(row.period), clock.period_end(row.period)
    total = sum(int(event.cost) for event in telemetry_store.between(row.workspace_id, start, end))
    days = rollups.days(row.workspace_id, clock.day(start), clock.day(end - 1) + "~")
    rolled = sum(sums.total(cells.items()).cost for _, _, cells in days)
    return Proof(row.workspace_id, row.period, int(row.granted), int(row.used), int(row.left), total, rolled)


def _hours(proof: Proof) -> set[str]:
    start, end = clock.moment_of_period(proof.period), clock.period_end(proof.period)
    return {clock.hour(telemetry_store.moment(row)) for row in telemetry_store.between(proof.workspace_id, start, end)}
