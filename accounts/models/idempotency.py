"""Requests to the REST API that name an idempotency key."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo
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


def find_live(workspace_id: str, request_id: str) -> IdempotentRequest | None:
    """The row of a request, until it ends (TTL only sweeps)."""
    row = IdempotentRequest.find(workspace_id, request_id)
    return row if row is not None and row.expires.timestamp() > clock.now() else None


def add(row: IdempotentRequest) -> bool:
    """Write a request down; False where there is one of its key that has not ended."""
    return row.save_if(IdempotentRequest.is_absent() | (IdempotentRequest.expires <= clock.utc(clock.now())))


def finish(row: IdempotentRequest, status: int, made: str) -> None:
    """Write down what was answered, and the id of what was made."""
    row.update_if(IdempotentRequest.is_present(), status=status, made=made)


def delete_unanswered(row: IdempotentRequest) -> None:
    """Delete a request, unless it is answered."""
    row.delete_if(IdempotentRequest.status == 0)
