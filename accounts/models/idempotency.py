"""Requests to the REST API that name an idempotency key."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

CALL = DataHandling("security", "one day", exported=False)


class IdempotentRequest(dynamo.Row):
    """A request to the REST API that named an Idempotency-Key, so that its repetition does nothing twice; neither the
    key nor the body nor the answer is kept."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("idempotency")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose API key it came by", CALL)
    request_id = declared(UnicodeAttribute(range_key=True), "finds it: a keyed digest of both keys", CALL)
    body_digest = declared(UnicodeAttribute(), "tells a repetition from another request; keyed", CALL)
    status = declared(Whole(default=0), "what was answered; 0 is not yet", CALL)
    made = declared(UnicodeAttribute(default=""), "the id of what was made, to answer the same again", CALL)
    started = declared(Moment(), "tells a request that goes on from one that broke off", CALL)
    expires = declared(TTLAttribute(), "ends it", CALL)
