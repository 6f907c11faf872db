"""A lost race is distinguished from a fault of the store, and a slow store is waited for."""

import secrets

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.connection.table import TableConnection
from pynamodb.exceptions import PutError, UpdateError

from imgapis.base import dynamo
from imgapis.models import Backfill
from imgapis.tables import migration

PLACE = "http://127.0.0.1:1"


def client_error(code: str) -> ClientError:
    """The ClientError of DynamoDB with this code."""
    return ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        (client_error("ConditionalCheckFailedException"), True),
        (client_error("ProvisionedThroughputExceededException"), False),
        (ReadTimeoutError(endpoint_url=PLACE), False),
        (ConnectTimeoutError(endpoint_url=PLACE), False),
        (EndpointConnectionError(endpoint_url=PLACE), False),
        (None, False),
    ],
)
@pytest.mark.parametrize("kind", [UpdateError, PutError])
def test_only_a_condition_that_was_not_met_is_a_lost_race(kind, cause, lost):
    assert dynamo.condition_failed(kind("x", cause=cause)) is lost


def test_making_tables_waits_for_an_engine_that_is_slow_at_first():
    """Silence is retried, and a refusal of the engine is not."""
    answers = [ReadTimeoutError(endpoint_url=PLACE), client_error("ResourceInUseException"), "made"]

    def slow():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert migration._patiently(slow) == "made" and answers == []
    answers[:] = [client_error("AccessDeniedException"), "made"]
    with pytest.raises(ClientError):
        migration._patiently(slow)
    assert answers == ["made"]


class Throttling:
    """DynamoDB as it is when it is short of capacity: of each batch it takes so many, or refuses the whole of it."""

    def __init__(self, monkeypatch, takes: list[int | None]):
        self.takes, self.calls = takes, 0
        self.real = TableConnection.batch_write_item
        monkeypatch.setattr(TableConnection, "batch_write_item", lambda *args, **batch: self(*args, **batch))

    def __call__(self, table, put_items, delete_items):
        self.calls += 1
        taken = self.takes.pop(0) if self.takes else 25
        if taken is None:
            raise PutError("x", cause=client_error("ProvisionedThroughputExceededException"))
        if taken:
            self.real(table, put_items=put_items[:taken], delete_items=delete_items[:taken])
        rest = [{"PutRequest": {"Item": item}} for item in put_items[taken:]]
        rest += [{"DeleteRequest": {"Key": key}} for key in delete_items[taken:]]
        return {"UnprocessedItems": {table.table_name: rest} if rest else {}}


def test_what_a_batch_leaves_unprocessed_is_tried_again(dynamodb, monkeypatch):
    """H14: PynamoDB gave up at the first."""
    names = [f"batched-{secrets.token_hex(8)}" for _ in range(20)]
    engine = Throttling(monkeypatch, [3, None, 0, 5])
    with Backfill.batch_write() as writer:
        for name in names:
            writer.save(Backfill(name, rows=0, finished=0))
    assert engine.calls == 5 and all(Backfill.find(name) for name in names)
    engine = Throttling(monkeypatch, [None, 7, 0])
    with Backfill.batch_write() as writer:
        for name in names:
            writer.delete(Backfill(name))
    assert engine.calls == 4 and not any(Backfill.find(name) for name in names)


def test_a_batch_that_is_not_taken_in_time_is_an_error(dynamodb, monkeypatch):
    Throttling(monkeypatch, [0] * 1_000)
    monkeypatch.setattr(dynamo, "retries", lambda: iter([None] * 3))
    with pytest.raises(PutError, match="1 writes of a batch were not taken"), Backfill.batch_write() as writer:
        writer.save(Backfill("never", rows=0, finished=0))
