"""What tests share: the real engines, a web server, an origin of our own, and three people's workspaces."""

import itertools
import os
import subprocess
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest
import stripe
from django.conf import settings
from django.urls import set_urlconf

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.plans import catalogue
from imgapis.base import breaker, buckets
from imgapis.devstack import engines, ports, stack
from imgapis.tables import migration
from tests import environment
from tests.billing.stripe_world import World, set_up
from tests.origin import Origin
from tests.privacy.full import Account
from tests.stubs.names import NameServer
from transforms.serving import cache
from transforms.sources import named_sources
from transforms.tenant import tenants

ROOT = Path(__file__).resolve().parent.parent
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def dynamodb():
    """DynamoDB Local, or the engine that the environment names, with every table."""
    engine = None
    if not environment.HAS_OTHER_ENGINE:
        engine = engines.DynamoDBLocal(None, environment.DYNAMODB_PORT)
        engine.start()
    migration.migrate(migration.wanted())
    yield
    if engine is not None:
        engine.stop(0)


@pytest.fixture(scope="session")
def bucket():
    """SeaweedFS with the cache bucket."""
    engine = engines.SeaweedFS(Path(environment.FOLDER) / "bucket", environment.BUCKET_PORT)
    engine.start()
    buckets.ensure_bucket(settings.CACHE_BUCKET)
    yield engine
    engine.stop(0)  # its data is thrown away


@pytest.fixture(scope="session")
def origin():
    """A customer's web server."""
    server = Origin(environment.ORIGIN_PORT)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def web(dynamodb, bucket, origin):
    """gunicorn with two workers, as in production; the address it answers at."""
    command = stack.gunicorn_command(environment.WEB_PORT, workers=2, threads=64)
    log = open(Path(environment.FOLDER) / "gunicorn.log", "wb")  # noqa: SIM115 - open as long as the server
    process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=dict(os.environ))
    address = f"http://127.0.0.1:{environment.WEB_PORT}"
    wait_for(address + "/healthz")
    yield address
    process.terminate()
    process.wait(15)


@pytest.fixture(scope="session")
def resolver():
    """The DNS server the web server of the tests asks."""
    server = NameServer(environment.NAMES_PORT)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stripe_stub(tmp_path_factory):
    """The stub, in a thread of this process, whose calls are tried again without a pause."""
    stripe.HTTPClient.INITIAL_DELAY = stripe.HTTPClient.MAX_DELAY = 0
    world = World(environment.STRIPE_PORT, Path(tmp_path_factory.mktemp("stripe")))
    threading.Thread(target=world.stub.server.serve_forever, daemon=True).start()
    set_up(world)
    yield world
    world.stub.server.shutdown()
    world.stub.server.server_close()


@pytest.fixture
def world(stripe_stub, dynamodb):
    """The stub with nothing left over from another test."""
    stripe_stub.taken()
    for leftovers in (stripe_stub.book.objects["events"], stripe_stub.book.replies):
        leftovers.clear()  # they are gone through at each call
    stripe_stub.book.refuses_cards = stripe_stub.book.asks_confirmation = False
    stripe_stub.book.offset = 0
    stripe_stub.begin()
    yield stripe_stub
    stripe_stub.stub.down = False


def wait_for(address: str) -> None:
    """Return when the address answers well; TimeoutError after a minute."""
    ends = time.monotonic() + 60
    while ports.status(address) != 200:
        if time.monotonic() > ends:
            raise TimeoutError(f"{address} does not answer after a minute.")
        time.sleep(0.05)


@pytest.fixture
def workspace(dynamodb):
    """The owner's workspace with the source `shop` on the origin, a thousand credits, and the limits of the largest
    plan: crowds have tests of their own."""
    return _workspace("owner")


@pytest.fixture
def stranger(dynamodb):
    """A stranger's workspace with a source of the same name."""
    return _workspace("stranger")


def _workspace(who: str):
    row = workspaces.create_unowned(namespace=f"{who}-w{next(_numbers)}-{os.getpid()}", allowance=2_000)
    limits = asdict(catalogue.of("scale").limits) | {"concurrency": 100}
    workspace_rows.change(row, limits=limits, allowed_sources=["*"])
    named_sources.create(
        row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    )
    return row


@pytest.fixture(autouse=True)
def closed_breakers():
    """What a loaded machine opened in one test does not fail the next: every breaker of this process begins closed."""
    breaker.close_all()


@pytest.fixture(autouse=True)
def own_urls():
    """The addresses of an image host, which Django keeps for the thread that it answers in, are no other test's."""
    set_urlconf(None)


@pytest.fixture
def forgetful():
    """Caches of this process are empty before the test."""
    cache.memory.clear()
    tenants.clear_cache()


@pytest.fixture
def everything(dynamodb, bucket):
    """An account with something in every attribute of every table; gone afterwards."""
    account = Account()
    yield account
    account.forget()


def pytest_report_header():
    """What a run depends on: the seed of hashes, how examples are drawn, the clock and the zone."""
    seed = os.environ.get("PYTHONHASHSEED", "random")
    moment = os.environ.get("IMGAPIS_TEST_CLOCK") or "the machine's"
    zone = os.environ.get("TZ", "the machine's")
    return f"stage: {environment.STAGE}; hash seed: {seed}; hypothesis: derandomized; clock: {moment}; zone: {zone}"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """`make prove` runs every property test again, with more examples."""
    for item in items:
        if getattr(item.function, "is_hypothesis_test", False):
            item.add_marker("counted")


def pytest_sessionfinish(session):
    """On a merge nothing may be skipped: IMGAPIS_TEST_SKIPS=fail makes a skipped test a failure of the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("IMGAPIS_TEST_SKIPS") == "fail" and reporter and reporter.stats.get("skipped"):
        reporter.write_line("Skipped tests fail this run (IMGAPIS_TEST_SKIPS=fail).", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
