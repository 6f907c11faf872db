"""The event stream (P04): one row an image request."""

from collections.abc import Iterable, Iterator
from typing import Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from imgapis.base import clock, dynamo, tokens
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Bytes, Halves, Milliseconds, Status

TELEMETRY = DataHandling("telemetry", "45 to 400 days, by the plan at the time")


class Event(dynamo.Row):
    """One image request: the fields of P04, an id that holds the time, and nothing else."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("events")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose request it was; shown as the namespace", TELEMETRY)
    event_id = declared(UnicodeAttribute(range_key=True), "names the event; its first 48 bits are the time", TELEMETRY)
    operation = declared(UnicodeAttribute(), "transform, info, grid or placeholder", TELEMETRY)
    cache = declared(UnicodeAttribute(), "hit or miss", TELEMETRY)
    origin = declared(UnicodeAttribute(default=""), "the calling site, from the Origin header", TELEMETRY)
    status = declared(Status(), "the HTTP status of the answer", TELEMETRY)
    size = declared(Bytes(), "bytes of the answer", TELEMETRY)
    latency = declared(Milliseconds(), "milliseconds until the answer", TELEMETRY)
    cost = declared(Halves(), "half-credits charged", TELEMETRY)
    expires = declared(TTLAttribute(), "ends the event", TELEMETRY)


def write(rows: Iterable[Event]) -> None:
    """Write events in batches; an id written twice is one event."""
    with Event.batch_write() as writer:
        for row in rows:
            writer.save(row)


def between(workspace_id: str, start: float, end: float) -> Iterator[Event]:
    """The events of a workspace from `start` up to `end` (seconds), oldest first, read consistently."""
    first, last = f"{int(start * 1000):012x}", f"{int(end * 1000):012x}"
    span = Event.event_id.between(_dashed(first), _dashed(last))
    return Event.query(workspace_id, span, consistent_read=True)


def _dashed(milliseconds: str) -> str:
    return f"{milliseconds[:8]}-{milliseconds[8:]}"


def moment(event: Event) -> float:
    """When an event happened, in seconds since 1970."""
    return tokens.moment_of(event.event_id)


def find(workspace_id: str, event_id: str) -> Event | None:
    """One event of a workspace, until its retention ends (TTL only sweeps)."""
    row = Event.find(workspace_id, event_id)
    if row is None:
        return None
    return row if row.expires.timestamp() > clock.now() else None


def latest(workspace_id: str, count: int) -> list[Event]:
    """The newest events of a workspace, newest first."""
    return list(
        Event.query(
            workspace_id, filter_condition=_living(), scan_index_forward=False, limit=count, consistent_read=True
        )
    )


def _living() -> Condition:
    """The condition that an event's retention has not ended."""
    return Event.expires > clock.utc(int(clock.now()))


def page(workspace_id: str, start_key: dict[str, Any] | None, count: int = 100) -> ResultIterator[Event]:
    """One query page of events, newest first, after `start_key` (DynamoDB's last evaluated key)."""
    return Event.query(
        workspace_id,
        filter_condition=_living(),
        scan_index_forward=False,
        limit=count,
        page_size=count,
        consistent_read=True,
        last_evaluated_key=start_key,
    )
