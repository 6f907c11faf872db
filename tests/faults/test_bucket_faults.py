"""A bucket of outputs that fails costs time, never an answer, and bills nothing twice (K7)."""

import time

import pytest

from billing.charging import ledger
from tests import environment
from tests.faults.bucket_server import FAULTS, BucketServer
from tests.faults.killable import Server
from tests.transforms.web_client import ask

pytestmark = pytest.mark.prove

PICTURES = environment.count(40, 40, 100)


@pytest.fixture(scope="module")
def faulty():
    """The bucket."""
    bucket_server = BucketServer()
    yield bucket_server
    bucket_server.stop()


@pytest.fixture
def server(dynamodb, origin, faulty):
    """A web server that keeps its outputs there, with nothing in its memory."""
    web_server = Server(
        environment.free_port(),
        environment.FOLDER + "/faulty-bucket",
        CACHE_ENDPOINT=f"http://127.0.0.1:{faulty.port}",
        MEMORY_CACHE_BYTES="0",
    )
    yield web_server
    web_server.kill()


def response_seconds(workspace, server, folder: str) -> list[float]:
    """Seconds of each of PICTURES requests, ascending; each has to be answered 200."""
    durations = []
    for number in range(PICTURES):
        start = time.monotonic()
        reply = ask(workspace.namespace, f"/transform?src=shop/any/{folder}-{number}.jpg&w=20", port=server.port)
        durations.append(time.monotonic() - start)
        assert reply.status == 200, reply.body
    return sorted(durations)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_bucket_is_a_picture_made_again(fault, server, faulty, workspace):
    """K7: all calls fail; every answer is there, in time, and a picture asked for twice is billed once."""
    faulty.fault = ""
    ask(workspace.namespace, "/transform?src=shop/shoe.jpg&w=20", port=server.port)  # the first starts a process
    cold = response_seconds(workspace, server, f"cold-{fault}")
    faulty.fault = fault
    try:
        new = response_seconds(workspace, server, f"new-{fault}")
        repeated = response_seconds(workspace, server, f"cold-{fault}")
    finally:
        faulty.fault = ""
    p95 = int(PICTURES * 0.95) - 1
    print(f"{fault}: p95 cold {cold[p95]:.3f} s, new {new[p95]:.3f} s, again {repeated[p95]:.3f} s")
    assert max(new[p95], repeated[p95]) < 2 * cold[p95] + 0.5
    assert sum(proof.used for proof in ledger.prove(workspace.workspace_id)) == 2 * (1 + 2 * PICTURES)
