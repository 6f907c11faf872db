"""The search box and Stripe: ids that only Stripe knows are looked up there, and an outage is reported."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.plans import catalogue
from billing.stripe import customers, gateway
from billing.stripe.stripe_facts import StripeUnavailable
from imgapis.support import search


def test_stripe_is_asked_for_a_subscription_and_an_invoice(world):
    """An id that only Stripe knows leads to the workspace of its customer."""
    buyer = workspaces.create_unowned(namespace=f"buyer-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
    world.buys(buyer)
    customer = customers.of_workspace(buyer.workspace_id)
    subscription = gateway.subscription(customer.customer_id).subscription_id
    (invoice,) = world.book.list_all("invoices", customer=customer.customer_id)
    for text in (customer.customer_id, subscription, invoice["id"]):
        assert search.resolve(text) == f"/admin/workspace/{buyer.workspace_id}/", text
    assert search.resolve("sub_nobodys") is None and search.resolve("in_nobodys") is None


def test_that_stripe_is_away_is_not_taken_for_nothing_found(world):
    world.stub.down = True
    with pytest.raises(StripeUnavailable):
        search.resolve("sub_1")
    assert search.resolve("cus_1") is None
