"""The proof: the events of a period add up to its counter, always."""

from dataclasses import dataclass

from billing import store
from imgapis.base import clock
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

    @property
    def holds(self) -> bool:
        """Whether the sum of events is what was used, and nothing is missing from the grant or below zero."""
        return self.events == self.used and self.used + self.left == self.granted and self.left >= 0


def prove(workspace_id: str) -> list[Proof]:
    """The proof of every period of a workspace."""
    return [_prove(row) for row in store.counters(workspace_id)]


def _prove(row) -> Proof:
    start = clock.moment_of_period(row.period)
    total = sum(
        int(event.cost) for event in telemetry_store.between(row.workspace_id, start, clock.period_end(row.period))
    )
    return Proof(row.workspace_id, row.period, int(row.granted), int(row.used), int(row.left), total)
