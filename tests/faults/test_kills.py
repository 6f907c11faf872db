"""kill -9 at any moment: every picture is charged exactly once, and dashboard, bill and ledger agree (B4, P11)."""

import os
import random
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path

import pytest

from billing import ledger
from imgapis.base import clock
from imgapis.embedded import stack
from telemetry import reports, rollups, spool
from telemetry.recorder import _write_living
from tests import environment
from tests.conftest import ROOT, wait_for
from tests.transforms.web_client import ask

ROUNDS = 200 if os.environ.get("SOAK") else 20
PORT = environment.free_port()
FOLDER = environment.FOLDER + "/killed"


class Server:
    """gunicorn in a process group of its own, so that all of it can be killed at once."""

    def __init__(self):
        self.log = open(Path(environment.FOLDER) / "killed.log", "ab")  # noqa: SIM115 - open as long as the server
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        variables = dict(os.environ, VAR_DIR=FOLDER, PORT=str(PORT))
        command = stack.gunicorn_command(PORT, workers=1, threads=16)
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=variables, stdout=self.log, stderr=self.log, start_new_session=True
        )
        wait_for(f"http://127.0.0.1:{PORT}/healthz")

    def kill(self) -> None:
        """SIGKILL to the master, the worker and the render processes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture(scope="module")
def server(dynamodb, bucket, origin):
    """A server that is killed and started again."""
    running = Server()
    yield running
    running.kill()


def asked(namespace: str, path: str) -> int | None:
    """The status of an answer that came whole; None where the connection broke."""
    try:
        return ask(namespace, path, port=PORT).status
    except (OSError, HTTPException):
        return None


@pytest.mark.timeout(3_600)
def test_after_kills_at_random_moments_every_picture_is_charged_exactly_once(server, workspace):
    chance = random.Random(4)
    paths: list[str] = []
    for number in range(ROUNDS):
        fresh = [f"/transform?src=shop/any/kill-{number}-{each}.jpg&w=24" for each in range(6)]
        paths += fresh
        with ThreadPoolExecutor(6) as threads:
            waiting = [threads.submit(asked, workspace.namespace, path) for path in fresh]
            time.sleep(chance.uniform(0.0, 0.25))  # the moment of the kill is the subject of the test
            server.kill()
            for answer in waiting:
                answer.result()
        server.start()
    with ThreadPoolExecutor(8) as threads:
        statuses = list(threads.map(lambda path: asked(workspace.namespace, path), paths))
    assert set(statuses) == {200}
    (proof,) = ledger.prove(workspace.workspace_id)
    assert proof.holds and proof.used == 2 * len(paths)
    assert dashboard(workspace.workspace_id).cost == proof.used


def dashboard(workspace_id: str):
    """What the usage page sums up, once what the killed processes left in their spools is shipped."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        spool.ship(Path(FOLDER) / "spool", _write_living)
        rollups.work_off()
        found = reports.make(workspace_id, reports.span("24h", clock.now())).total
        (proof,) = ledger.prove(workspace_id)
        if found.cost == proof.used:
            break
        time.sleep(0.5)  # the living server's own segment closes every two seconds
    return found
