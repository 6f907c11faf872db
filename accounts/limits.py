"""What a workspace may have: written down on its row by billing, so that nobody here asks about prices."""

from dataclasses import asdict, dataclass, fields

from accounts import store
from accounts.models import Workspace


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


# The free plan's, and what a workspace has before billing has written anything.
STARTING = Limits(workspaces=3, seats=5, domains=2, sources=20, concurrency=4, retention_days=45)
STARTING_HALVES = 2_000  # a period: a thousand credits


def of_id(workspace_id: str) -> Limits:
    """The limits of a workspace as they are now."""
    row = store.workspace(workspace_id)
    return STARTING if row is None else of(row)


def of(row: Workspace) -> Limits:
    """The limits of a workspace; one that is not written down is the starting one."""
    values = row.limits or {}
    names = {field.name for field in fields(Limits)}
    return Limits(**(asdict(STARTING) | {name: int(value) for name, value in values.items() if name in names}))
