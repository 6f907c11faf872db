"""A full disk: pictures go on or are refused with 503, nothing is lost or doubled, and room is used without a restart
(R10)."""

import contextlib
import subprocess
import time
from pathlib import Path

import pytest

from billing.charging import ledger
from imgapis.base import clock
from telemetry import rollups
from telemetry.models import events as event_rows
from tests import environment
from tests.faults.killable import Server
from tests.transforms.web_client import ask

pytestmark = pytest.mark.prove

MEGABYTES = 8
PATHS = (
    "/transform?src=shop/any/full{n}.jpg&w=20",
    "/transform?src=shop/any/full{n}.jpg&w=20",
    "/info?src=shop/any/full{n}.jpg",
    "/transform?src=shop/any/full{n}.jpg&wide=1",
)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MB; what is on it goes with it."""
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(tmp_path)], capture_output=True, text=True
    )
    if mount.returncode:
        pytest.skip(f"mounting a small disk is not permitted here: {mount.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def fill(disk: Path) -> Path:
    """A file that leaves no byte free."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return ballast


def workers(server: Server) -> set[str]:
    """The processes that gunicorn has started."""
    pid = server.process.pid
    return set(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def wait_for_events(workspace_id: str, expected: int) -> list:
    """The events of the last 15 minutes, once there are `expected`; after 60 seconds as many as there are."""
    deadline = time.monotonic() + 60
    while True:
        events = list(event_rows.between(workspace_id, clock.now() - 900, clock.now() + 60))
        if len(events) >= expected or time.monotonic() > deadline:
            return events
        time.sleep(0.2)


@pytest.mark.parametrize("under_way", [False, True], ids=["before the first request", "under way"])
def test_on_a_full_disk_everything_goes_on_and_after_it_nothing_is_missing(web, workspace, small_disk, under_way):
    """R10: tmpfs of 8 MB filled, the folder for temporary files on it too."""
    server = Server(environment.free_port(), str(small_disk), TMPDIR=str(small_disk))
    try:
        replies = []

        def round_of(name: str) -> list[int]:
            round_replies = [ask(workspace.namespace, path.format(n=name), port=server.port) for path in PATHS]
            replies.extend(round_replies)
            return [reply.status for reply in round_replies]

        if under_way:
            assert round_of("a") == [200, 200, 200, 400]
        workers_before, ballast = workers(server), fill(small_disk)
        for name in "bcd":
            assert set(round_of(name)) <= {200, 400, 503}
        ballast.unlink()
        assert round_of("e") == [200, 200, 200, 400]
        assert workers(server) == workers_before, "no process ended and none was started again"
        events = wait_for_events(workspace.workspace_id, len(replies))
    finally:
        server.kill()
    charged_replies = [reply for reply in replies if float(reply.headers.get("x-img-credits", 0))]
    assert len(events) == len(replies) and sum(int(event.cost) > 0 for event in events) == len(charged_replies)
    rollups.process_due()
    (proof,) = ledger.prove(workspace.workspace_id)
    assert proof.is_valid and proof.rollups_match
    assert proof.used == sum(float(reply.headers["x-img-credits"]) * 2 for reply in charged_replies)
