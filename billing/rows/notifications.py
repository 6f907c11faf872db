"""The rows of notices: what was told once, what is still to be sent, where to, and who wants none."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

NOTICE = DataHandling("billing", "400 days")
OUTGOING = DataHandling("none", "until it is sent, two days at most", exported=False)
HOOK = DataHandling("account", "until it is removed, or erasure")


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


class Webhook(dynamo.Row):
    """Where a workspace's notices are posted to, and the secret that signs them."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("hooks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose webhook it is", HOOK)
    address = declared(UnicodeAttribute(), "where notices are posted to", HOOK)
    sealed_secret = declared(
        UnicodeAttribute(),
        "signs what is posted; shown once",
        DataHandling("security", "until it is removed, or erasure", exported=False),
    )
    created = declared(Moment(), "when it was set up", HOOK)
    last_tried = declared(Moment(default=0), "when it was last posted to", HOOK)
    last_outcome = declared(UnicodeAttribute(default=""), "what came of it: a status or a code of ours", HOOK)
    failures = declared(Whole(default=0), "how often in a row it did not take a notice", HOOK)
    rests_until = declared(Moment(default=0), "until when nothing is posted, after some failures in a row", HOOK)


class OptOut(dynamo.Row):
    """A member's choice to get no mails of a kind."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("unwanted")

    workspace_id = declared(
        UnicodeAttribute(hash_key=True), "of which workspace", DataHandling("account", "until erasure")
    )
    choice = declared(
        UnicodeAttribute(range_key=True),
        "which member wants none of which kind",
        DataHandling("account", "until erasure"),
    )
