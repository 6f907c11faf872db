"""The circuit breaker of DynamoDB: opens after failures in a row, tries once a second, closes at an answer (D2)."""

import botocore.session
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from imgapis.base import breaker
from imgapis.base.breaker import Breaker
from tests import environment


@pytest.fixture
def time(monkeypatch):
    """A clock that a test moves."""
    now = [100.0]
    monkeypatch.setattr(breaker.time, "monotonic", lambda: now[0])
    return now


def test_it_opens_after_three_failures_in_a_row_and_not_after_three_in_all(time):
    fuse = Breaker()
    for _ in range(5):
        fuse.record_failure()
        fuse.record_failure()
        fuse.record_success()
        assert fuse.allows()
    for _ in range(3):
        fuse.record_failure()
    assert not fuse.allows()


def test_an_open_one_lets_one_call_through_a_second_and_closes_at_an_answer(time):
    fuse = Breaker()
    for _ in range(3):
        fuse.record_failure()
    time[0] += 1.01
    assert [fuse.allows(), fuse.allows(), fuse.allows()] == [True, False, False]
    fuse.record_failure()
    assert not fuse.allows()
    time[0] += 1.01
    assert fuse.allows()
    fuse.record_success()
    assert [fuse.allows(), fuse.allows()] == [True, True]


def test_a_client_that_is_never_answered_stops_asking_and_says_so_at_once():
    port = environment.free_port()  # nobody listens there
    client = botocore.session.get_session().create_client(
        "dynamodb",
        region_name="us-east-1",
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="x",
        aws_secret_access_key="y",
        config=botocore.config.Config(retries={"total_max_attempts": 2, "mode": "standard"}, connect_timeout=0.2),
    )
    fuse = Breaker()
    attempts = []
    client.meta.events.register("before-send.dynamodb", lambda **_: attempts.append(1))
    breaker.guard(client, fuse)
    for _ in range(6):
        with pytest.raises((EndpointConnectionError, ReadTimeoutError)):
            client.list_tables()
    assert len(attempts) == 4  # two calls of two attempts; the other four calls never left
    breaker.close_all()  # as between two tests
    assert fuse.allows() and fuse.allows()
