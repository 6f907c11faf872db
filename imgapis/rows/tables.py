"""The row of a backfill: whether the rows of a table have been brought to what newer code wants."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
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
