"""What a workspace was told, and which of it is not sent yet."""

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

NOTICE = DataHandling("billing", "400 days")
OUTGOING = DataHandling("none", "until it is sent, two days at most", exported=False)


class Notification(dynamo.Row):
    """Something a workspace was told, once: that a share of its credits is used, that work bursts."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("told")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who is told", NOTICE)
    notice_id = declared(
        UnicodeAttribute(range_key=True), "names the notice by its span, so that it is told once", NOTICE
    )
    kind = declared(UnicodeAttribute(), "usage, burst or test", NOTICE)
    facts = declared(JSONAttribute(), "the figures it tells, and the Origins of a burst", NOTICE, shape=shapes.OBJECT)
    moment = declared(Moment(), "when", NOTICE)
    expires = declared(TTLAttribute(), "ends the row", NOTICE)


class PendingNotification(dynamo.Row):
    """A notice that is not sent yet."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("outgoing")

    shard = declared(UnicodeAttribute(hash_key=True), "spreads the notices", OUTGOING)
    place = declared(UnicodeAttribute(range_key=True), "which workspace and notice", OUTGOING)
    due = declared(Moment(), "when it may be sent", OUTGOING)
    attempts = declared(Whole(default=0), "how often the webhook was tried", OUTGOING)
    mailed = declared(BooleanAttribute(default=False), "keeps a mail from going out twice", OUTGOING)


def find(workspace_id: str, notice_id: str) -> Notification | None:
    """A notice of a workspace."""
    return Notification.find(workspace_id, notice_id)


def of_workspace(workspace_id: str) -> list[Notification]:
    """Every notice of a workspace, in order of name."""
    return list(Notification.query(workspace_id, consistent_read=True))


def pending(shards: int, due_until: float) -> list[PendingNotification]:
    """The notices of the first `shards` shards that are to be sent by then, those that have waited longest first."""
    condition = PendingNotification.due <= due_until
    rows = [
        row
        for shard in range(shards)
        for row in PendingNotification.query(str(shard), filter_condition=condition, consistent_read=True)
    ]
    return sorted(rows, key=lambda row: row.due)


def lease(row: PendingNotification, until: float) -> bool:
    """Lease a notice until then; False where another process has it."""
    return row.update_if(PendingNotification.due == row.due, due=until)


def delete_pending(row: PendingNotification) -> None:
    """Delete a notice of those to be sent; the notice itself stays."""
    row.delete_if(PendingNotification.is_present())


def postpone(row: PendingNotification, due: float, **values: Any) -> None:
    """Have a notice wait until `due`, and set values of its row; nothing where it is no longer to be sent."""
    row.update_if(PendingNotification.is_present(), due=due, **values)
