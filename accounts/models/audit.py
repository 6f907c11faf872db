"""The audit log."""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import JSONAttribute, UnicodeAttribute
from pynamodb.pagination import ResultIterator

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


def add(row: AuditEntry) -> None:
    """Write an entry."""
    row.save(condition=AuditEntry.is_absent())


def newest_first(log: str, limit: int, last_key: dict[str, Any] | None = None) -> ResultIterator[AuditEntry]:
    """The entries of a log, `limit` at most, after the one of `last_key` (DynamoDB's last evaluated key)."""
    return AuditEntry.query(
        log,
        scan_index_forward=False,
        limit=limit,
        page_size=limit,
        consistent_read=True,
        last_evaluated_key=last_key,
    )


def of_log(log: str) -> Iterator[AuditEntry]:
    """Every entry of a log, oldest first."""
    return AuditEntry.query(log, consistent_read=True)
