"""The row of a kind of scheduled work: who does it, when it is due again, and what came of it last."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Milliseconds, Moment, Whole

TASK = DataHandling("none", "30 days after it was last done", exported=False, erased=False)


class ScheduledTask(dynamo.Row):
    """A kind of work that `manage.py work` does again and again: one process at a time, or one on each host."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("tasks")

    name = declared(UnicodeAttribute(hash_key=True), "names the work", TASK)
    host = declared(UnicodeAttribute(range_key=True), "the server of ours it is done on; * where any does it", TASK)
    due = declared(Moment(default=0), "when it may be done again", TASK)
    leased_until = declared(Moment(default=0), "until when no other process does it", TASK)
    holder = declared(UnicodeAttribute(default=""), "the process of ours that did it last, or does it", TASK)
    pause = declared(Whole(default=0), "seconds between the end and the next beginning", TASK)
    budget = declared(Whole(default=0), "seconds after which it leaves the rest to the next time", TASK)
    began = declared(Moment(default=0), "when it last began", TASK)
    finished = declared(Moment(default=0), "when it last ended", TASK)
    lasted = declared(Milliseconds(default=0), "how long it last took", TASK)
    outcome = declared(UnicodeAttribute(default=""), "done, or the kind of error", TASK)
    # The attribute hides PynamoDB's `count`, which nobody asks of this table.
    count = declared(Whole(default=0), "how many rows it last worked on", TASK)  # type: ignore[assignment]  # see above
    failures = declared(Whole(default=0), "how often in a row it failed", TASK)
    expires = declared(TTLAttribute(), "ends the row", TASK)
