"""The row of the event stream (P04, P11)."""

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

TELEMETRY = {"category": "telemetry", "retention": "400 days"}


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
