"""What the tests of money share: somebody about to buy."""

import secrets

import pytest

from accounts import workspaces
from billing import plans


@pytest.fixture
def buyer(dynamodb):
    """A workspace on the free plan that is about to buy."""
    return workspaces.create(namespace=f"buyer-{secrets.token_hex(6)}", allowance=plans.of("free").halves)
