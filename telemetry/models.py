"""The rows of the event stream and of what is added up from it (P04, P11)."""

from typing import Any

import orjson
from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Bytes, Halves, Milliseconds, Moment, Status

TELEMETRY = DataHandling("telemetry", "45 to 400 days, by the plan at the time")
SUMS = DataHandling("telemetry", "until erasure")
LATENCIES = (
    "the number of a bucket and how many requests fell into it, in turn: bucket n is from 1.04^(n-1) to 1.04^n"
    " milliseconds, bucket 0 below one"
)
TEXT = {"type": "string"}
CELL = shapes.row_of(
    operation=TEXT,
    cache=TEXT,
    status=shapes.whole("an HTTP status"),
    requests=shapes.whole("a count"),
    cost=shapes.whole("half-credits"),
    size=shapes.whole("bytes"),
    latencies={"type": "array", "description": LATENCIES},
)
CELLS = {"type": "array", "items": CELL}
MARK = DataHandling("none", "until the hour is added up", exported=False)


class Cells(JSONAttribute):
    """JSON read by orjson: a year of a busy workspace is some megabytes of it."""

    def deserialize(self, value: str) -> Any:
        """The value."""
        return orjson.loads(value)


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


class Rollup(dynamo.Row):
    """The events of one hour, day or month of a workspace from one Origin, by operation, cache state and status."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("rollups")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose requests they were", SUMS)
    span = declared(UnicodeAttribute(range_key=True), "which hour, day or month, and which Origin", SUMS)
    cells = declared(
        Cells(), "requests, credits, bytes and latencies by operation, cache state, status", SUMS, shape=CELLS
    )


class DirtyHour(dynamo.Row):
    """An hour whose events changed since it was added up."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("dirty")

    shard = declared(UnicodeAttribute(hash_key=True), "spreads the marks", MARK)
    place = declared(UnicodeAttribute(range_key=True), "which workspace and hour", MARK)
    stamp = declared(UnicodeAttribute(), "tells a newer mark from the one being worked on", MARK)
    due = declared(Moment(), "when it may be worked on", MARK)
    marked = declared(Moment(null=True), "since when its events are not added up", MARK)
