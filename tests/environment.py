"""The settings of the tests: set before Django reads them. Each pytest process has engines, ports and a folder of its
own, and nothing that it starts outlives it."""

import os
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import settings

from imgapis.devstack import ports
from tests.started.sitecustomize import ShiftedClock

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
# Held for the life of the process: pytest removes nothing here, the system's temporary folder is swept.
FOLDER = tempfile.mkdtemp(prefix=f"imgapis-test-{WORKER}-")


STAGE = os.environ.get("IMGAPIS_TEST_STAGE", "test")


def count(test: float, prove: float, soak: float):
    """How much of a long count is done by `make test`, `make prove` and `make soak`."""
    return {"test": test, "prove": prove, "soak": soak}[STAGE]


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """`-n auto`: one process more than there are cores, since the tests wait for engines as much as they work."""
    return (os.cpu_count() or 1) + 1


def free_port() -> int:
    """A port nobody listens on and no other process of the tests is given."""
    return ports.choose(1)[0]


BUCKET_PORT, WEB_PORT, ORIGIN_PORT, NAMES_PORT, STRIPE_PORT = ports.choose(5)
# Another engine, by the port it listens on, takes the place of DynamoDB Local; what the tests start has none of this.
OTHER_ENGINE = "IMGAPIS_TEST_DYNAMODB"
HAS_OTHER_ENGINE = OTHER_ENGINE in os.environ
DYNAMODB_PORT = int(os.environ.pop(OTHER_ENGINE, 0)) or free_port()

for _name in [
    name
    for name in os.environ
    if name.startswith(("AWS_", "CACHE_", "LIMIT_", "FETCH_", "RENDER_", "CLOUDFLARE_", "DNS_", "DOMAIN_", "STRIPE_"))
]:
    del os.environ[_name]
os.environ.update(
    EMBEDDED="1",
    SECRET_KEY="only for tests " + "s" * 50,
    VAR_DIR=FOLDER,
    PORT=str(WEB_PORT),
    DYNAMODB_ENDPOINT=f"http://127.0.0.1:{DYNAMODB_PORT}",
    CACHE_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    DYNAMODB_READ_SECONDS="2.0",  # two cores bear two engines, a server and the tests; faults set their own
    CACHE_REGION="us-east-1",
    S3_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    R2_ENDPOINT=f"http://127.0.0.1:{BUCKET_PORT}",
    # The two names have no address anywhere; sources and webhooks of tests are saved with them.
    FETCH_ALLOW_PRIVATE=f"127.0.0.1:{BUCKET_PORT},127.0.0.1:{ORIGIN_PORT},shop.example:443,canary.example:443",
    GUNICORN_THREADS="64",
    DNS_RESOLVER=f"127.0.0.1:{NAMES_PORT}",
    STRIPE_SECRET_KEY="sk_test_stub",
    STRIPE_WEBHOOK_SECRET="whsec_stub",
    STRIPE_API_URL=f"http://127.0.0.1:{STRIPE_PORT}",
    STRIPE_PAGES=f"http://localhost:{STRIPE_PORT}",
    FREE_WORK_PER_MINUTE="6000000",
    MAILS_PER_HOUR="6000000",  # the tests of throttles set their own
)

# `make prove` names a folder with the optional decoder of HEIC; render processes go without it.
if _extra := os.environ.get("IMGAPIS_TEST_HEIC"):
    sys.path.append(_extra)

# Every Python program that the tests start reads tests/started/sitecustomize.py first.
STARTED = ROOT / "tests" / "started"
os.environ["PYTHONPATH"] = str(STARTED)

# `make test CLOCK="2027-01-31 23:58"`: the application's clock starts there, in this process and in what it starts.
# A worker of xdist has it from its parent, by way of sitecustomize.
if (_moment := os.environ.get("IMGAPIS_TEST_CLOCK")) and not os.environ.get("IMGAPIS_TEST_CLOCK_AHEAD"):
    _ahead = datetime.fromisoformat(_moment).replace(tzinfo=UTC).timestamp() - time.time()
    os.environ["IMGAPIS_TEST_CLOCK_AHEAD"] = str(_ahead)
    sys.meta_path.insert(0, ShiftedClock(_ahead))

# The same examples each time: a test that fails now and again would be blamed on chance.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=count(30, 100, 400))
settings.load_profile("repeatable")


def _end_with_us() -> None:
    """Start the program that ends whatever carries our mark once this process is gone, however it ends."""
    os.environ["IMGAPIS_TEST_RUN"] = mark = secrets.token_hex(8)
    reading, _ = os.pipe()
    command = [sys.executable, "-I", str(ROOT / "tests" / "reaper.py"), mark]
    subprocess.Popen(command, stdin=reading, stdout=subprocess.DEVNULL, start_new_session=True)
    os.close(reading)  # the writing end stays open, and nothing inherits it: the kernel closes it with this process


_end_with_us()
