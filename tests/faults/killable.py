"""A web server in a process group of its own, so that all of it can be killed at once; and what its usage page says."""

import os
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from billing.charging import ledger
from imgapis.base import clock
from imgapis.devstack import stack
from telemetry import reports, rollups, spool
from telemetry.recorder import _write_existing
from tests import environment
from tests.conftest import ROOT, wait_for


class Server:
    """gunicorn with one worker on `port`, its spool and locks in `folder`, other settings by `variables`."""

    def __init__(self, port: int, folder: str, **variables: str):
        self.port, self.folder = port, folder
        self.variables = dict(os.environ, VAR_DIR=folder, PORT=str(port)) | variables
        self.log = open(Path(environment.FOLDER) / f"killed-{port}.log", "ab")  # noqa: SIM115 - open as long as it is
        self.start()

    def start(self) -> None:
        """Start and wait until it answers."""
        self.process = subprocess.Popen(
            self.command(), cwd=ROOT, env=self.variables, stdout=self.log, stderr=self.log, start_new_session=True
        )
        wait_for(f"http://127.0.0.1:{self.port}/healthz")

    def command(self) -> list[str]:
        """As `make run` starts it."""
        return stack.gunicorn_command(self.port, workers=1, threads=16)

    def kill(self) -> None:
        """SIGKILL to the master, the worker and the render processes; nothing where they are dead."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def dashboard(workspace_id: str, folder: str):
    """The totals of the usage page, once the events in the spools of killed processes are shipped."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        spool.ship(Path(folder) / "spool", _write_existing)
        rollups.process_due()
        totals = reports.build(workspace_id, reports.time_range("24h", clock.now())).total
        (proof,) = ledger.prove(workspace_id)
        if totals.cost == proof.used:
            break
        time.sleep(0.5)  # the living server's own segment closes every two seconds
    return totals
