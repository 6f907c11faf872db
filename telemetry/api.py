"""The REST routes of usage: the numbers of the usage pages, and the events themselves."""

from ninja import Schema

from accounts.requests import ApiHttpRequest
from accounts.rest_router import RestRouter
from imgapis.base import clock, cursors
from imgapis.base.errors import ApiError
from telemetry import display, reports
from telemetry.models import Event
from telemetry.models import events as event_rows

router = RestRouter(tags=["usage"])


class NoSuchEvent(ApiError):
    """The workspace has no such event."""

    status = 404
    code = "no_such_event"

    def __init__(self) -> None:
        super().__init__("The workspace has no event of that id.")


class RowOut(Schema):
    """Requests of one operation, cache state, status and Origin."""

    operation: str
    cache: str
    status: int
    origin: str
    requests: int
    credits: str
    bytes: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class UsageOut(Schema):
    """A range: its sums and its rows. Credits are decimal strings."""

    range: str
    requests: int
    credits: str
    bytes: int
    hit_ratio: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    rows: list[RowOut]


class EventOut(Schema):
    """One request, whole."""

    id: str
    time: str
    operation: str
    cache: str
    status: int
    origin: str
    bytes: int
    latency_ms: int
    credits: str


class EventsOut(Schema):
    """A page of events, newest first; `cursor` goes on after it, null at the end."""

    events: list[EventOut]
    cursor: str | None


@router.get("/usage", response=UsageOut)
def usage(request: ApiHttpRequest, range: str = "7d") -> UsageOut:
    """Sums of a range (24h, 7d, 30d, 90d, 1y), within ten seconds of now. Scope: workspace.view."""
    request.caller.require("workspace.view")
    report = reports.build(request.caller.workspace_id, reports.time_range(range, clock.now()))
    total = report.total
    rows = [RowOut(**row) for row in reports.table(report)]
    return UsageOut(
        range=range,
        requests=total.requests,
        credits=display.decimal_credits(total.cost),
        bytes=total.size,
        hit_ratio=report.hit_ratio,
        p50_ms=total.percentile(0.5),
        p95_ms=total.percentile(0.95),
        p99_ms=total.percentile(0.99),
        rows=rows,
    )


@router.get("/events", response=EventsOut)
def events(request: ApiHttpRequest, cursor: str | None = None) -> EventsOut:
    """Requests one by one, newest first. Scope: workspace.view."""
    request.caller.require("workspace.view")
    name = f"events {request.caller.workspace_id}"
    page = cursors.page_of(name, event_rows.page(request.caller.workspace_id, cursors.decode(name, cursor)))
    return EventsOut(events=[_event(event) for event in page.rows], cursor=page.cursor)


@router.get("/events/{event_id}", response=EventOut)
def event(request: ApiHttpRequest, event_id: str) -> EventOut:
    """One request; a charged one is a receipt. Scope: workspace.view."""
    request.caller.require("workspace.view")
    row = event_rows.find(request.caller.workspace_id, event_id)
    if row is None:
        raise NoSuchEvent
    return _event(row)


def _event(row: Event) -> EventOut:
    return EventOut(
        id=row.event_id,
        time=clock.stamp_exact(event_rows.moment(row)),
        operation=row.operation,
        cache=row.cache,
        status=int(row.status),
        origin=row.origin or "",
        bytes=int(row.size),
        latency_ms=int(row.latency),
        credits=display.decimal_credits(int(row.cost)),
    )
