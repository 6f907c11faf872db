"""The data access of the event stream."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.pagination import ResultIterator

from accounts.workspaces.entitlements import STARTING
from imgapis.base import clock, tokens
from telemetry import events
from telemetry.events import RequestEvent
from telemetry.models import Event


def write(batch: Iterable[RequestEvent], retention_days: Mapping[str, int] | None = None) -> None:
    """Write free events in batches, each for the days of its workspace; an id written twice is one event."""
    days = retention_days or {}
    with Event.batch_write() as writer:
        for item in batch:
            writer.save(events.to_row(item, days.get(item.workspace_id, STARTING.retention_days)))


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


def event(workspace_id: str, event_id: str) -> Event | None:
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
