"""A change of plan that fails leaves what was scheduled as it was, and the next try makes it whole (H26)."""

from contextlib import suppress

import pytest

from billing.stripe import customers, gateway, subscriptions, webhooks
from imgapis.base.errors import ApiError
from tests.billing.buying import HOUR, Customer

MUTATING = ("create", "update", "release")


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Growth."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("growth")
    return customer


def state(customer: Customer) -> tuple[str, str]:
    """The plan as Stripe has it, and what follows it."""
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    return customer.row.plan, customer.row.next_plan


def choose(customer: Customer, act: str) -> None:
    """What a customer presses: `cancel`, `resume`, or a plan."""
    if act in ("cancel", "resume"):
        getattr(subscriptions, act)(customer.row, "person")
    elif act != "nothing":
        subscriptions.change(customer.row, "person", act, "month")


def test_a_refused_upgrade_leaves_a_scheduled_downgrade(customer, world):
    """H26: the downgrade was dropped, and the dearer plan went on."""
    choose(customer, "starter")
    with world.refusing_cards(), pytest.raises(gateway.PaymentRefused):
        choose(customer, "scale")
    assert state(customer) == ("growth", "starter")
    customer.until(customer.ends + 60)
    assert customer.row.plan == "starter"


def test_of_two_answers_of_stripe_s_the_one_that_was_asked_for_later_counts(customer, monkeypatch):
    """H24, B12: one that was read before an upgrade comes after it."""
    ask, answers = gateway.subscription, []

    def answer_late(customer_id: str) -> gateway.SubscriptionSnapshot | None:
        answer = ask(customer_id)
        if not answers:
            answers.append(answer)
            customer.moment += 1
            gateway.change(answer, "scale", "month")
            webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
            customer.moment += 1
        return answer

    monkeypatch.setattr(gateway, "subscription", answer_late)
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    assert (customer.row.plan, customers.of_workspace(customer.workspace_id).tier) == ("scale", "scale")


@pytest.mark.parametrize(("confirms", "expected"), [(False, ("growth", "starter")), (True, ("scale", ""))])
def test_an_upgrade_that_waits_for_its_payer_drops_a_scheduled_downgrade_once_it_is_paid(
    customer, world, confirms, expected
):
    """H26, H22"""
    choose(customer, "starter")
    world.book.asks_confirmation = True
    url = subscriptions.change(customer.row, "person", "scale", "month")
    assert state(customer) == ("growth", "starter")
    if confirms:
        world.stub.press(url.removeprefix(world.stub.address) + "/confirm", {})
    world.book.asks_confirmation = False
    customer.pass_time(24 * HOUR)
    assert state(customer) == expected


EXPECTED = {
    "scale": ("scale", ""),
    "starter": ("growth", "starter"),
    "cancel": ("growth", "free"),
    "resume": ("growth", ""),
}


@pytest.mark.parametrize("is_carried_out", [False, True])
@pytest.mark.parametrize("earlier", ["nothing", "starter", "cancel", "scheduled cancel"])
@pytest.mark.parametrize("act", list(EXPECTED))
def test_a_change_that_fails_at_any_call_is_made_or_not_and_the_next_try_makes_it(
    customer, monkeypatch, act, earlier, is_carried_out
):
    """H26: a downgrade after a cancellation took that back first, and a cancellation dropped a downgrade first."""
    for step in ("starter", "cancel") if earlier == "scheduled cancel" else (earlier,):
        choose(customer, step)
    before, failed, count, real_call = state(customer), [], [0], gateway.call

    def failing(function, *args, **params):
        if function.__name__ not in MUTATING or len(failed) >= 5:
            return real_call(function, *args, **params)
        count[0] += 1
        if count[0] <= len(failed):  # calls before the failing one go through, each try one call further
            return real_call(function, *args, **params)
        failed.append(function.__qualname__)
        if is_carried_out:
            real_call(function, *args, **params)
        raise gateway.StripeUnavailable

    monkeypatch.setattr(gateway, "call", failing)
    for _ in range(8):
        count[0] = 0
        with suppress(ApiError):
            choose(customer, act)
            break
        plan, following = state(customer)
        assert plan in (before[0], EXPECTED[act][0]) and following in (before[1], EXPECTED[act][1])
    assert state(customer) == EXPECTED[act]
    monkeypatch.setattr(gateway, "call", real_call)
    customer.tell()  # what failed after a payment is finished by Stripe's event (H32)
    customer.until(customer.ends + 60)
    assert customer.row.plan == (EXPECTED[act][1] or EXPECTED[act][0])
