"""A lost race is distinguished from a fault of the store, and a slow store is waited for."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import PutError, UpdateError

from imgapis.base import dynamo
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
