"""What a workspace was told, and which of it is not sent yet."""

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
