"""A lost race is told from a fault of the store."""

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from pynamodb.exceptions import PutError, UpdateError

from imgapis.base import dynamo

PLACE = "http://127.0.0.1:1"


def said(code: str) -> ClientError:
    """DynamoDB's own refusal."""
    return ClientError({"Error": {"Code": code, "Message": ""}}, "UpdateItem")


@pytest.mark.parametrize(
    ("cause", "lost"),
    [
        (said("ConditionalCheckFailedException"), True),
        (said("ProvisionedThroughputExceededException"), False),
        (ReadTimeoutError(endpoint_url=PLACE), False),
        (ConnectTimeoutError(endpoint_url=PLACE), False),
        (EndpointConnectionError(endpoint_url=PLACE), False),
        (None, False),
    ],
)
@pytest.mark.parametrize("kind", [UpdateError, PutError])
def test_only_a_condition_that_was_not_met_is_a_lost_race(kind, cause, lost):
    assert dynamo.lost_race(kind("x", cause=cause)) is lost
