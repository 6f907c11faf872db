"""What is said of an upgrade is true: one that is paid is made, whatever fails after its payment (H32)."""

from contextlib import suppress

import pytest

from billing.stripe import customers, gateway, reconcile, subscriptions, webhooks
from imgapis.base.errors import ApiError
from imgapis.devstack.stripe_stub.errors import StripeApiError
from tests.billing.buying import Customer
from tests.billing.test_purchase import PurchaseDesk


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Growth."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("growth")
    return customer


def fail_at(monkeypatch, part: str, name: str, is_carried_out: bool = False) -> None:
    """Stripe does not answer one call: the one whose function is `name` of what is called `part`."""
    real_call = gateway.call

    def call(function, *args, **params):
        if function.__name__ == name and part in function.__qualname__:
            if is_carried_out:
                real_call(function, *args, **params)
            raise gateway.StripeUnavailable
        return real_call(function, *args, **params)

    monkeypatch.setattr(gateway, "call", call)


def test_a_downgrade_that_could_not_be_dropped_after_a_paid_upgrade_is_dropped_by_the_next_event(customer, monkeypatch):
    """H32: the page said that nothing was charged, and the larger plan was to end with the month."""
    subscriptions.change(customer.row, "person", "starter", "month")
    with monkeypatch.context() as context:
        fail_at(context, "Schedule", "release")
        assert subscriptions.change(customer.row, "person", "scale", "month") == ""
    assert len(customer.charges) == 2 and customer.row.plan == "scale"
    customer.tell()
    assert customer.row.next_plan == "" and customer.subscription["schedule"] is None
    customer.until(customer.ends + 60)
    assert customer.row.plan == "scale"


def test_without_any_event_the_nightly_comparison_drops_it(customer, monkeypatch):
    """H32, B14"""
    subscriptions.change(customer.row, "person", "starter", "month")
    with monkeypatch.context() as context:
        fail_at(context, "Schedule", "release")
        subscriptions.change(customer.row, "person", "scale", "month")
    customer.world.taken()
    reconcile.Round().compare_one(customer.workspace_id)
    assert (customer.row.plan, customer.row.next_plan) == ("scale", "")


def test_a_downgrade_that_is_set_after_the_upgrade_is_not_dropped_for_it(customer, monkeypatch):
    subscriptions.change(customer.row, "person", "starter", "month")
    subscriptions.change(customer.row, "person", "scale", "month")
    subscriptions.change(customer.row, "person", "starter", "month")
    customer.tell()
    reconcile.Round().compare_one(customer.workspace_id)
    assert (customer.row.plan, customer.row.next_plan) == ("scale", "starter")


def test_a_plan_that_cannot_be_read_after_its_payment_follows_with_the_event(customer, monkeypatch):
    """H32"""
    with monkeypatch.context() as context:

        def fail(*args, **options):
            raise gateway.StripeUnavailable

        context.setattr(webhooks, "sync_subscription", fail)
        assert subscriptions.change(customer.row, "person", "scale", "month") == ""
    assert customer.row.plan == "growth" and len(customer.charges) == 2
    customer.tell()
    assert customer.row.plan == "scale" and customers.of_workspace(customer.workspace_id).tier == "scale"


def test_an_upgrade_whose_answer_is_lost_is_seen_to_be_made(customer, monkeypatch):
    """H32: "nothing was charged" was said of a charge."""
    with monkeypatch.context() as context:
        fail_at(context, "SubscriptionService", "update", is_carried_out=True)
        assert subscriptions.change(customer.row, "person", "scale", "month") == ""
    assert customer.row.plan == "scale" and len(customer.charges) == 2


def test_an_upgrade_of_which_nothing_is_known_is_told_so(customer, monkeypatch):
    """H32: Stripe may still carry out what it did not answer."""
    with monkeypatch.context() as context:
        fail_at(context, "SubscriptionService", "update")
        with pytest.raises(ApiError) as refused:
            subscriptions.change(customer.row, "person", "scale", "month")
    assert (refused.value.code, refused.value.status) == ("change_unconfirmed", 503)
    assert "Nothing was charged" not in refused.value.message
    with suppress(ApiError):
        subscriptions.change(customer.row, "person", "scale", "month")
    assert customer.row.plan == "scale" and len(customer.charges) == 2


def test_the_page_says_that_the_change_is_made(web, world, monkeypatch):
    """H32"""
    desk = PurchaseDesk()
    desk.buy(world, "growth")
    desk.press("plan", tier="starter", interval="month")
    answer = world.stub.api.answer

    def away_at_release(method: str, path: str, params: dict):
        if path.endswith("/release"):
            raise StripeApiError("Stripe is away.", 503)
        return answer(method, path, params)

    monkeypatch.setattr(world.stub.api, "answer", away_at_release)
    desk.press("plan", tier="scale", interval="month")
    page = desk.page()
    assert "The change is made" in page and "Nothing was charged" not in page
