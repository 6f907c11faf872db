"""Purges, by workspace and time."""

from collections.abc import Iterable

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment


class PurgeRule(dynamo.Row):
    """What was cached before a moment, and fits, is no longer served."""

    PURGE = DataHandling("account", "366 days: as long as anything it voids could live")

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("purges")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose cache it purges", PURGE)
    rule_id = declared(UnicodeAttribute(range_key=True), "orders the rules by time", PURGE)
    scope = declared(UnicodeAttribute(), "url, prefix, source or workspace", PURGE)
    target = declared(UnicodeAttribute(default=""), "what was purged, as it was written", PURGE)
    names = declared(JSONAttribute(), "what was purged, as pictures are named in the cache", PURGE, shape=shapes.TEXTS)
    moment = declared(Moment(), "everything older is purged", PURGE)
    expires = declared(TTLAttribute(), "ends the rule when nothing older is left", PURGE)


def of_workspace(workspace_id: str) -> list[PurgeRule]:
    """Every rule that has not expired (TTL deletes late), oldest first."""
    now = clock.utc(int(clock.now()))
    return [row for row in PurgeRule.query(workspace_id, consistent_read=True) if row.expires > now]


def delete_all(rows: Iterable[PurgeRule]) -> None:
    """Delete rules that a newer one supersedes."""
    rows = list(rows)
    if rows:
        with PurgeRule.batch_write() as batch:
            for row in rows:
                batch.delete(row)
