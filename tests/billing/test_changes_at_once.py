"""Two changes of a plan at once: one is made, and the other one is told to look again."""

import pytest
from pynamodb.exceptions import UpdateError

from billing.models import subscriptions as rows
from billing.plans import catalogue
from billing.stripe import customers, overage, subscriptions
from billing.stripe.customers import ChangeUnderWay
from tests.billing.buying import HOUR


def other_tab(customer, monkeypatch, act) -> list[str]:
    """Have `act` happen once within the next upgrade, after it has read the subscription; what became of it."""
    outcomes: list[str] = []
    prepare_change = overage.prepare_change

    def prepare_after_other(workspace_id: str, customer_id: str) -> None:
        prepare_change(workspace_id, customer_id)
        if not outcomes:
            outcomes.append("made")
            try:
                act()
            except ChangeUnderWay:
                outcomes[:] = ["refused"]

    monkeypatch.setattr(overage, "prepare_change", prepare_after_other)
    return outcomes


def test_two_upgrades_in_two_tabs_are_no_upgrade_and_a_downgrade_whose_money_comes_back(customer, monkeypatch):
    """H38: Scale's 600,000 credits for Growth's price, month after month, with the rest on the customer's balance."""
    outcomes = other_tab(customer, monkeypatch, lambda: subscriptions.change(customer.row, "person", "scale", "month"))
    customer.change("growth")
    assert outcomes == ["refused"] and customer.row.plan == "growth"
    assert customer.granted() <= customer.paid_for() + 1
    invoices = customer.world.book.list_all("invoices", customer=customer.customer_id)
    assert all(invoice["total"] > 0 for invoice in invoices)
    customer.change("scale")
    assert customer.row.plan == "scale" and customer.granted() <= customer.paid_for() + 2 and customer.is_sound()


@pytest.mark.parametrize(
    "act",
    [
        lambda row: subscriptions.cancel(row, "person"),
        lambda row: subscriptions.resume(row, "person"),
        lambda row: subscriptions.change(row, "person", "growth", "year"),
        lambda row: subscriptions.change(row, "person", "starter", "year"),
    ],
)
def test_each_other_change_waits_too(customer, monkeypatch, act):
    """H38"""
    outcomes = other_tab(customer, monkeypatch, lambda: act(customer.row))
    customer.change("growth")
    assert outcomes == ["refused"] and customer.row.plan == "growth"
    act(customer.row)


def test_a_change_that_is_refused_keeps_no_other_one_waiting(customer):
    """H38"""
    customer.world.book.refuses_cards = True
    for _ in range(2):
        with pytest.raises(subscriptions.gateway.PaymentRefused):
            subscriptions.change(customer.row, "person", "scale", "month")
    assert customer.row.plan == "starter"


def test_a_change_that_has_crashed_keeps_others_waiting_for_minutes_only(customer):
    """H38"""
    assert rows.begin_change(customer.workspace_id, customer.moment + customers.CHANGE_SECONDS, customer.moment)
    with pytest.raises(ChangeUnderWay):
        subscriptions.change(customer.row, "person", "scale", "month")
    customer.pass_time(HOUR)
    customer.change("scale")
    assert customer.row.limits["seats"] == catalogue.of("scale").limits.seats
    rows.end_change(customer.workspace_id, customer.moment - HOUR)  # the end of the one that crashed, too late


def test_a_lost_answer_to_the_beginning_of_a_change_keeps_nobody_waiting_for_it(customer):
    """H38: the call is repeated, and is its own."""
    until = customer.moment + customers.CHANGE_SECONDS
    assert [rows.begin_change(customer.workspace_id, until, customer.moment) for _ in range(2)] == [True, True]
    assert not rows.begin_change(customer.workspace_id, until + 0.5, customer.moment)


def test_a_change_that_is_paid_says_so_though_its_end_cannot_be_noted(customer, monkeypatch):
    """H38, H32: the next one waits for minutes, and nobody is told that it failed."""
    with monkeypatch.context() as patched:
        patched.setattr(rows, "end_change", fails)
        customer.change("growth")
    assert customer.row.plan == "growth"
    with pytest.raises(ChangeUnderWay):
        customer.change("scale")
    customer.pass_time(HOUR)
    customer.change("scale")
    assert customer.row.plan == "scale"


def fails(*_) -> None:
    """As DynamoDB where it does not answer."""
    raise UpdateError("DynamoDB does not answer.")
