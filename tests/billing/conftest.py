"""Fixtures shared by the tests of billing."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.plans import catalogue
from tests.billing.buying import Customer


@pytest.fixture
def buyer(dynamodb):
    """A workspace on the free plan."""
    return workspaces.create_unowned(namespace=f"buyer-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    yield customer
    world.book.refuses_cards = False
