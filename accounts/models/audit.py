"""The audit log."""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared

TRAIL = DataHandling("security", "until the workspace's erasure")


class AuditEntry(dynamo.Row):
    """Who did what, by opaque ids: no personal data (P02)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("audit")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose log it is", TRAIL)
    entry_id = declared(UnicodeAttribute(range_key=True), "names the entry; holds its time", TRAIL)
    actor = declared(UnicodeAttribute(), "who: an opaque person, a key, staff or the system", TRAIL)
    act = declared(UnicodeAttribute(), "what was done", TRAIL)
    target = declared(UnicodeAttribute(default=""), "to which thing", TRAIL)
    before = declared(JSONAttribute(null=True), "non-personal values before", TRAIL, shape=shapes.ANYTHING)
    after = declared(JSONAttribute(null=True), "non-personal values after", TRAIL, shape=shapes.ANYTHING)
    reason = declared(UnicodeAttribute(default=""), "why, where staff did it", TRAIL)
