"""Backfills: what rows written by older code lack, written once, row by row."""

from collections.abc import Callable
from dataclasses import dataclass

from imgapis.base import dynamo
from imgapis.models import backfills as backfill_rows


@dataclass(frozen=True)
class Backfill:
    """`apply` changes one row where it is still to change, under a condition, and says whether it did. It is repeated
    on rows that are done, and may meet a row that is written at the same moment."""

    name: str
    row_class: type[dynamo.Row]
    apply: Callable[[dynamo.Row], bool]


# In the order in which they run; a finished one is recorded by name, so a name is never used again.
BACKFILLS: tuple[Backfill, ...] = ()


def is_finished(backfill: Backfill) -> bool:
    """Whether a backfill has been through its whole table; False too where no table records it yet."""
    return backfill_rows.is_finished(backfill.name)


def run(backfill: Backfill) -> int:
    """Apply a backfill to every row and record that it is finished; returns how many rows changed. One that was
    interrupted begins again: what is changed already stays, and no position is stored."""
    changed_count = sum(backfill.apply(row) for row in backfill.row_class.scan(consistent_read=True))
    backfill_rows.finish(backfill.name, changed_count)
    return changed_count
