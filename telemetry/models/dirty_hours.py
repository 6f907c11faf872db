"""The marks of hours whose events changed: leased while the hour is added up, deleted where no newer one came."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

MARK = DataHandling("none", "until the hour is added up", exported=False)


class DirtyHour(dynamo.Row):
    """An hour whose events changed since it was added up."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("dirty")

    shard = declared(UnicodeAttribute(hash_key=True), "spreads the marks", MARK)
    place = declared(UnicodeAttribute(range_key=True), "which workspace and hour", MARK)
    stamp = declared(UnicodeAttribute(), "tells a newer mark from the one being worked on", MARK)
    due = declared(Moment(), "when it may be worked on", MARK)
    marked = declared(Moment(null=True), "since when its events are not added up", MARK)


def mark(row: DirtyHour, stamp: str, now: float) -> None:
    """Mark an hour, or mark it again: since when it is marked, and due, stays what it was."""
    first_set = [DirtyHour.due.set(DirtyHour.due | now), DirtyHour.marked.set(DirtyHour.marked | now)]
    row.update(actions=[DirtyHour.stamp.set(stamp), *first_set])


def of_shards(count: int, due_until: float | None = None) -> Iterator[DirtyHour]:
    """The marked hours of the first `count` shards; with `due_until` those alone that are due by then."""
    condition = None if due_until is None else DirtyHour.due <= due_until
    for shard in range(count):
        yield from DirtyHour.query(str(shard), filter_condition=condition, consistent_read=True)


def lease(row: DirtyHour, until: float) -> bool:
    """Lease an hour until `until`; False where another process has it."""
    return row.update_if(DirtyHour.due == row.due, due=until)


def delete(row: DirtyHour, stamp: str) -> bool:
    """Delete a mark; False where the hour was marked again since it had `stamp`."""
    return row.delete_if(DirtyHour.stamp == stamp)


def postpone(row: DirtyHour, due: float, now: float) -> None:
    """Have an hour that was marked again wait until `due`."""
    row.update_if(DirtyHour.is_present(), due=due, marked=now)
