"""kill -9 at any moment: every picture is charged exactly once, and dashboard, bill and ledger agree (B4, P11)."""

import random
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

import pytest

from billing.charging import ledger
from tests import environment
from tests.faults.killable import Server, dashboard
from tests.transforms.web_client import ask

pytestmark = pytest.mark.prove

ROUNDS = environment.count(8, 8, 200)
PORT = environment.free_port()
FOLDER = environment.FOLDER + "/killed"


@pytest.fixture(scope="module")
def server(dynamodb, bucket, origin):
    """A server that is killed and started again."""
    web_server = Server(PORT, FOLDER)
    yield web_server
    web_server.kill()


def status_of(namespace: str, path: str) -> int | None:
    """The status of an answer that came whole; None where the connection broke."""
    try:
        return ask(namespace, path, port=PORT).status
    except (OSError, HTTPException):
        return None


@pytest.mark.timeout(3_600)
def test_after_kills_at_random_moments_every_picture_is_charged_exactly_once(server, workspace):
    generator = random.Random(4)
    paths: list[str] = []
    for number in range(ROUNDS):
        new_paths = [f"/transform?src=shop/any/kill-{number}-{index}.jpg&w=24" for index in range(6)]
        paths += new_paths
        with ThreadPoolExecutor(6) as threads:
            futures = [threads.submit(status_of, workspace.namespace, path) for path in new_paths]
            time.sleep(generator.uniform(0.0, 0.25))  # the moment of the kill is the subject of the test
            server.kill()
            for future in futures:
                future.result()
        server.start()
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda path: status_of(workspace.namespace, path), paths))
    assert set(statuses) == {200}
    (proof,) = ledger.prove(workspace.workspace_id)
    assert proof.is_valid and proof.used == 2 * len(paths)
    assert dashboard(workspace.workspace_id, FOLDER).cost == proof.used
