"""What the tests of money share: the stub of Stripe, knowing what we sell."""

import secrets
import threading
from pathlib import Path

import pytest

from accounts import workspaces
from billing import plans
from tests import environment
from tests.billing.stripe_world import World, set_up


@pytest.fixture(scope="session")
def stripe_stub(tmp_path_factory):
    """The stub, in a thread of this process."""
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
    stripe_stub.book.refuses_cards = False
    stripe_stub.book.offset = 0
    yield stripe_stub
    stripe_stub.stub.down = False


@pytest.fixture
def buyer(dynamodb):
    """A workspace on the free plan that is about to buy."""
    return workspaces.create(namespace=f"buyer-{secrets.token_hex(6)}", allowance=plans.of("free").halves)
