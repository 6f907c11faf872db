"""The backfills that are finished."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

BACKFILL = DataHandling("none", "as long as the tables", exported=False, erased=False)


class Backfill(dynamo.Row):
    """A backfill that is finished on our tables."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("backfills")

    name = declared(UnicodeAttribute(hash_key=True), "names the backfill", BACKFILL)
    rows = declared(Whole(), "how many rows it changed", BACKFILL)
    finished = declared(Moment(), "when it had been through all of them", BACKFILL)


def is_finished(name: str) -> bool:
    """Whether a backfill is recorded as finished; False too where no table records it yet."""
    return Backfill.exists() and Backfill.find(name) is not None


def finish(name: str, rows: int) -> None:
    """Record that a backfill has been through every row and changed `rows` of them."""
    Backfill(name, rows=rows, finished=clock.now()).save_if(Backfill.is_absent())
