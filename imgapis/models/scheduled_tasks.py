"""Scheduled work: a process leases a kind that is due, does it, and writes down what came of it."""

import os
import socket

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.exceptions import PynamoDBException

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Milliseconds, Moment, Whole

TASK = DataHandling("none", "30 days after it was last done", exported=False, erased=False)
ANY_HOST = "*"
DONE = "done"
MARGIN_SECONDS = 30.0  # beyond its budget, before another process takes over
KEPT_SECONDS = 30 * clock.DAY


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
    count = declared(Whole(default=0), "how many rows it last worked on", TASK)  # type: ignore[assignment]  # replaces Model.count
    failures = declared(Whole(default=0), "how often in a row it failed", TASK)
    expires = declared(TTLAttribute(), "ends the row", TASK)


class LeaseUnknown(Exception):
    """DynamoDB did not say whether the work is leased: `row` is what the lease would be."""

    def __init__(self, row: ScheduledTask):
        super().__init__("Nobody knows whether the work is leased.")
        self.row = row


def find(name: str, host: str) -> ScheduledTask | None:
    """The row of a kind of work; None where it was never done."""
    return ScheduledTask.find(name, host)


def lease(name: str, host: str, pause: float, budget: float) -> ScheduledTask | None:
    """The row of a kind of work that this process may do now; None where it is not due, or another process does it.
    Raises LeaseUnknown."""
    now, holder, row = clock.now(), f"{socket.gethostname()} {os.getpid()}", ScheduledTask(name, host)
    is_ready = (ScheduledTask.due <= now) & (ScheduledTask.leased_until <= now)
    try:
        is_leased = row.update_if(
            ScheduledTask.is_absent() | is_ready,
            [ScheduledTask.failures.set(ScheduledTask.failures | 0)],
            due=now,
            leased_until=now + budget + MARGIN_SECONDS,
            holder=holder,
            began=now,
            pause=round(pause),
            budget=round(budget),
            expires=clock.utc(int(now) + KEPT_SECONDS),
        )
        if is_leased:
            return row
        current = find(name, host)  # the client tries again by itself, and then finds its own lease in the way
    except PynamoDBException as error:
        raise LeaseUnknown(ScheduledTask(name, host, began=now, holder=holder)) from error
    return current if current and (current.began, current.holder) == (now, holder) else None


def release(row: ScheduledTask) -> None:
    """Let any process do the work at once, where it is leased as `row` says."""
    row.update_if((ScheduledTask.began == row.began) & (ScheduledTask.holder == row.holder), leased_until=0)


def finish(row: ScheduledTask, pause: float, milliseconds: float, outcome: str, count: int) -> None:
    """Write down what came of leased work, unless it took so long that another process has it."""
    now, is_done = clock.now(), outcome == DONE
    failures = ScheduledTask.failures.set(0) if is_done else ScheduledTask.failures.set(ScheduledTask.failures + 1)
    row.update_if(
        (ScheduledTask.began == row.began) & (ScheduledTask.holder == row.holder),
        [failures],
        due=now + pause,
        leased_until=0,
        finished=now,
        lasted=round(milliseconds),
        outcome=outcome,
        count=count,
    )


def of_host() -> list[ScheduledTask]:
    """The kinds of work that this host does, and those that any does."""
    hosts = (ANY_HOST, socket.gethostname())
    return [row for row in ScheduledTask.scan(consistent_read=True) if row.host in hosts]
