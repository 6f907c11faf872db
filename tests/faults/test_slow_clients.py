"""Clients that dawdle hold a thread for seconds, not for ever, and the others are answered (R7)."""

import time
from contextlib import ExitStack

import pytest

from tests import environment
from tests.faults.killable import Server
from tests.faults.slow_clients import hung_up, opened, request, site
from tests.faults.test_storms import noise
from tests.transforms.web_client import ask

pytestmark = pytest.mark.prove

THREADS = 16  # what tests.faults.killable gives its one worker
SECONDS = 2


@pytest.fixture(scope="module")
def server(dynamodb, bucket, origin):
    """A server of one worker whose patience with a client is short."""
    web_server = Server(
        environment.free_port(),
        environment.FOLDER + "/slow-clients",
        CLIENT_READ_SECONDS=str(SECONDS),
        CLIENT_WRITE_SECONDS=str(SECONDS),
    )
    yield web_server
    web_server.kill()


def seconds_of_ten(port: int) -> float:
    """How long ten requests of somebody else take, one after the other."""
    start = time.monotonic()
    assert {ask(None, "/healthz", host=site(port), port=port).status for _ in range(10)} == {200}
    return time.monotonic() - start


def test_who_does_not_hang_up_after_the_answer_keeps_nobody_from_being_let_in(server):
    """R7: gunicorn would wait two seconds for each of them before it lets the next one in."""
    with ExitStack() as stack:
        for _ in range(2 * THREADS):
            opened(stack, server.port, request(site(server.port), "/healthz", version="1.0"))
        assert seconds_of_ten(server.port) < 10


def test_half_a_request_ends_at_the_deadline(server):
    """R7: a byte now and then does not prolong it."""
    with ExitStack() as stack:
        connections = [opened(stack, server.port, b"GET /healthz HTTP/1.1\r\nX-Slow: ") for _ in range(2 * THREADS)]
        for connection in connections[:4]:
            connection.sendall(b"a")
        assert seconds_of_ten(server.port) < 30
        assert all(hung_up(connection) for connection in connections)


def test_who_does_not_read_the_answer_is_left_at_the_deadline(server, workspace, origin):
    """R7: without a buffering proxy in front."""
    origin.pictures["/slowly-read.png"] = noise(1_600, 1_200)
    path = "/transform?src=shop/slowly-read.png&w=1600&format=png"
    full_reply = ask(workspace.namespace, path, port=server.port)
    assert full_reply.status == 200 and len(full_reply.body) > 5_000_000
    with ExitStack() as stack:
        host = f"{workspace.namespace}.localhost:{server.port}"
        readers = [opened(stack, server.port, request(host, path)) for _ in range(2 * THREADS)]
        assert seconds_of_ten(server.port) < 30
        assert all(hung_up(reader) for reader in readers)
    assert ask(workspace.namespace, path, port=server.port).body == full_reply.body
