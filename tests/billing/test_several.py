"""Several subscriptions of one customer, and several refunds of one charge: each counts as what it is (H24)."""

import copy

import pytest

from billing.charging import ledger
from billing.plans import catalogue
from billing.stripe import gateway, webhooks
from imgapis.devstack.stripe_stub.book import new_id
from tests.billing.test_stripe import counter_of, row_of

DEAD_STATES = ("canceled", "incomplete", "incomplete_expired", "unpaid", "paused")


def add_subscription(world, customer: str, state: str, age: int) -> None:
    """Another subscription of the customer, a copy of the first in another state, made `age` seconds before it."""
    (first,) = world.book.list_all("subscriptions", customer=customer)
    other = copy.deepcopy(first) | {"id": new_id("sub"), "status": state, "created": first["created"] - age}
    for item in other["items"]["data"]:
        item["price"] = world.book.get("prices", gateway.price_ids()["growth_month"])
    with world.book.change():
        world.book.put("subscriptions", other)


@pytest.mark.parametrize("state", DEAD_STATES)
def test_a_newer_subscription_that_is_dead_ends_no_older_one_that_is_served(world, web, buyer, state):
    """H24, B12: one that was begun and never paid, or has ended, is not what the customer has."""
    customer = world.buys(buyer, "starter")
    add_subscription(world, customer, state, age=-60)
    world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("starter", "active")
    webhooks.sync_subscription(buyer.workspace_id, customer)
    assert (row_of(buyer).plan, gateway.subscription(customer).state) == ("starter", "active")


def test_of_two_that_are_served_the_older_counts(world, web, buyer):
    """H33: the newer one was bought beside it, and is refunded."""
    customer = world.buys(buyer, "starter")
    add_subscription(world, customer, "active", age=60)
    world.deliver()
    assert row_of(buyer).plan == "growth"


def test_of_none_that_is_served_the_newest_says_how_it_ended(world, web, buyer):
    """H24"""
    customer = world.buys(buyer, "starter")
    add_subscription(world, customer, "canceled", age=60)
    with world.book.change():
        world.book.list_all("subscriptions", customer=customer)[0]["status"] = "unpaid"
    world.deliver()
    assert (row_of(buyer).plan, row_of(buyer).billing_state) == ("free", "unpaid")


def test_each_refund_takes_its_part_once_whatever_event_comes_after_it(world, web, buyer):
    """H24, B11, B15: two of a quarter take half, also where the second event names both, and where both come again."""
    customer = world.buys(buyer)
    world.deliver()
    halves = catalogue.of("starter").halves
    charge = world.book.list_all("charges", customer=customer)[0]
    events = []
    for refunded in (1, 2):
        with world.book.change():
            world.trade.refund(charge, charge["amount"] // 4)
        events += world.taken()
        world.deliver(*events)
        assert counter_of(buyer).granted == halves - refunded * halves // 4
    later_events = [{**event, "id": new_id("evt")} for event in events]  # as when a third is pending
    world.deliver(*later_events, *events)
    assert counter_of(buyer).granted == counter_of(buyer).left == halves // 2
    assert all(proof.is_valid for proof in ledger.prove(buyer.workspace_id))
