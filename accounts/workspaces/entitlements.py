"""The limits of a workspace, stored on its row by billing, so that other apps need no prices."""

from dataclasses import asdict, dataclass, fields

from accounts.models import Workspace
from accounts.models import workspaces as workspace_rows


@dataclass(frozen=True)
class Limits:
    """`workspaces`: how many its owner may own; `concurrency`: pictures made at once, a host; `retention_days`: how
    long single requests are kept, sums for ever."""

    workspaces: int
    seats: int
    domains: int
    sources: int
    concurrency: int
    retention_days: int


# Those of the free plan, and of a workspace whose limits billing has not written yet.
STARTING = Limits(workspaces=3, seats=5, domains=2, sources=20, concurrency=4, retention_days=45)
STARTING_HALVES = 2_000  # a period: a thousand credits


def of_id(workspace_id: str) -> Limits:
    """The limits of a workspace as they are now."""
    row = workspace_rows.find(workspace_id)
    return STARTING if row is None else of(row)


def of(row: Workspace) -> Limits:
    """The limits of a workspace; a limit that is not stored has the starting value."""
    values = row.limits or {}
    names = {field.name for field in fields(Limits)}
    return Limits(**(asdict(STARTING) | {name: int(value) for name, value in values.items() if name in names}))
