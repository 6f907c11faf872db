"""Fixtures shared by the tests of billing."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.plans import catalogue


@pytest.fixture
def buyer(dynamodb):
    """A workspace on the free plan."""
    return workspaces.create_unowned(namespace=f"buyer-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
