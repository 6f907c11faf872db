"""The rows of the event stream and of what is added up from it (P04, P11)."""

import orjson
from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

TELEMETRY = {"category": "telemetry", "retention": "45 to 400 days, by the plan at the time"}
SUMS = {"category": "telemetry", "retention": "until erasure"}
MARK = {"category": "none", "retention": "until the hour is added up", "exported": False}


class Cells(JSONAttribute):
    """JSON read by orjson: a year of a busy workspace is some megabytes of it."""

    def deserialize(self, value: str):
        """The value."""
        return orjson.loads(value)


class Event(dynamo.Row):
    """One image request: the fields of P04, an id that holds the time, and nothing else."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("events")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose request it was; shown as the namespace", **TELEMETRY)
    event_id = kept(UnicodeAttribute(range_key=True), "names the event; its first 48 bits are the time", **TELEMETRY)
    operation = kept(UnicodeAttribute(), "transform, info, grid or placeholder", **TELEMETRY)
    cache = kept(UnicodeAttribute(), "hit or miss", **TELEMETRY)
    origin = kept(UnicodeAttribute(default=""), "the calling site, from the Origin header", **TELEMETRY)
    status = kept(NumberAttribute(), "the HTTP status of the answer", **TELEMETRY)
    size = kept(NumberAttribute(), "bytes of the answer", **TELEMETRY)
    latency = kept(NumberAttribute(), "milliseconds until the answer", **TELEMETRY)
    cost = kept(NumberAttribute(), "half-credits charged", **TELEMETRY)
    expires = kept(TTLAttribute(), "ends the event", **TELEMETRY)


class Rollup(dynamo.Row):
    """The events of one hour or day of a workspace from one Origin, added up by operation, cache state and status."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("rollups")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose requests they were", **SUMS)
    span = kept(UnicodeAttribute(range_key=True), "which hour or day, and which Origin", **SUMS)
    cells = kept(Cells(), "requests, credits, bytes and latencies by operation, cache state, status", **SUMS)


class Dirty(dynamo.Row):
    """An hour whose events changed since it was added up."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("dirty")

    shard = kept(UnicodeAttribute(hash_key=True), "spreads the marks", **MARK)
    place = kept(UnicodeAttribute(range_key=True), "which workspace and hour", **MARK)
    stamp = kept(UnicodeAttribute(), "tells a newer mark from the one being worked on", **MARK)
    due = kept(NumberAttribute(), "when it may be worked on", **MARK)
