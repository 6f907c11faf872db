"""The tests of tables, charges, codes and sessions hold on a second engine too: what only one engine's quirks make true
is seen. It is moto's: in memory, not made for many threads, so that races are left to DynamoDB Local."""

import os
import re
import subprocess
import sys

import pytest

from imgapis.devstack import ports
from tests import environment

MOTO = os.environ.get("IMGAPIS_TEST_MOTO")
pytestmark = [
    pytest.mark.prove,
    pytest.mark.timeout(600),
    pytest.mark.skipif(MOTO is None, reason="`make prove` installs moto, and names it in IMGAPIS_TEST_MOTO"),
]
FILES = [
    "tests/tables/test_migration.py",
    "tests/test_demo.py",
    *(f"tests/billing/test_{name}.py" for name in ("balance", "charge", "ledger")),
    *(f"tests/accounts/test_{name}.py" for name in ("codes", "session_life", "sessions")),
]
LEAST = 100  # tests that ran, so that nothing was left out unseen


@pytest.fixture
def second_engine():
    """The port that moto listens on."""
    port = environment.free_port()
    command = [f"{MOTO}/bin/moto_server", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield port
    server.kill()
    server.wait()


def test_rows_charges_codes_and_sessions_are_the_same_on_it(second_engine):
    command = [sys.executable, "-m", "pytest", "-n", "0", "-q", "-m", "not prove and not races", *FILES]
    variables = {name: value for name, value in os.environ.items() if name != "PYTEST_XDIST_WORKER"}
    variables |= {environment.OTHER_ENGINE: str(second_engine), "IMGAPIS_TEST_STAGE": "test"}
    result = subprocess.run(
        command, cwd=environment.ROOT, env=variables, capture_output=True, text=True, timeout=580, check=False
    )
    assert result.returncode == 0, result.stdout[-3_000:]
    assert int(re.search(r"(\d+) passed", result.stdout)[1]) >= LEAST
    assert ports.status(f"http://127.0.0.1:{second_engine}/") is not None, "it was there to the end"
