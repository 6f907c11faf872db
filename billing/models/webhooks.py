"""Where the notices of a workspace are posted to."""

from pynamodb.attributes import UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

HOOK = DataHandling("account", "until it is removed, or erasure")


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
