"""Of two plans that were bought side by side, as in two tabs, one is kept and the newer one is paid back (H33)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.template.loader import render_to_string

from accounts import audit
from billing.plans import catalogue
from billing.stripe import closing, customers, gateway, receipts, reconcile, webhooks
from imgapis.base.errors import ApiError
from tests.billing.buying import Customer

MUTATING = ("create", "update", "cancel")
STARTER = catalogue.of("starter").halves
ACT = "plan.duplicate_refunded"


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on the free plan, whose customer is known at Stripe."""
    customer = Customer(buyer, world, monkeypatch)
    customers.ensure(customer.workspace_id)
    return customer


@pytest.fixture
def subjects(customer, monkeypatch) -> list[str]:
    """The subjects of the mails that are written to the workspace's owners."""
    subjects: list[str] = []

    def note(workspace_id: str, subject: str, *rest, **options) -> list:
        if workspace_id == customer.workspace_id:
            subjects.append(subject)
        return []

    monkeypatch.setattr(receipts, "_new_mails", note)
    return subjects


def open_checkout(customer: Customer, tier: str) -> str:
    """A Checkout session that was opened at the same moment as another, so that neither closed the other."""
    return gateway.checkout(customer.workspace_id, customer.customer_id, tier, "month", "http://localhost/back")[0]


def pay(customer: Customer, *sessions: str) -> None:
    """Pay Checkout pages, a minute apart; no event has been sent yet."""
    for session in sessions:
        customer.moment += 60
        with customer.world.book.change():
            customer.world.stub.api.buy(session)


def buy_two(customer: Customer, *tiers: str) -> None:
    pay(customer, *[open_checkout(customer, tier) for tier in tiers])


def acts(customer: Customer) -> list[str]:
    """The entries of the workspace's audit log about a second plan."""
    return [row.target for row in audit.page(customer.workspace_id).rows if row.act == ACT]


def subscriptions_of(customer: Customer) -> list[dict]:
    """Its subscriptions at Stripe, newest first."""
    return customer.world.book.list_all("subscriptions", customer=customer.customer_id)


def refunds_of(customer: Customer) -> list[tuple[int, str]]:
    """(cents, charge id) of its refunds."""
    charges = {charge["id"] for charge in customer.charges}
    rows = customer.world.book.list_all("refunds")
    return [(row["amount"], row["charge"]) for row in rows if row["charge"] in charges]


def assert_settled(customer: Customer, plan: str, cents: int) -> None:
    """The older plan goes on alone, with its own credits; the newer one's payment went back in full, once."""
    newer, older = subscriptions_of(customer)
    assert (older["status"], newer["status"]) == ("active", "canceled")
    assert [amount for amount, _ in refunds_of(customer)] == [cents]
    assert customer.charges[0]["amount_refunded"] == 0
    assert customer.row.plan == plan and int(customer.counter.base) == catalogue.of(plan).halves
    assert (int(customer.counter.extra), int(customer.counter.used)) == (0, 0) and customer.is_sound()
    assert acts(customer) == [newer["id"]]


@pytest.mark.parametrize(
    ("tiers", "cents"),
    [(("starter", "starter"), 1_900), (("growth", "starter"), 1_900), (("starter", "growth"), 7_900)],
)
def test_the_newer_of_two_paid_plans_is_cancelled_and_refunded_in_full(customer, subjects, tiers, cents):
    """H33: both were billed, each month."""
    buy_two(customer, *tiers)
    for _ in range(3):
        customer.tell()  # what ends and refunds it has events of its own
    assert_settled(customer, tiers[0], cents)
    assert subjects.count("A second plan for img apis was refunded") == 1
    assert "Your img apis plan has ended" not in subjects, "the first one goes on"


def test_events_in_any_order_end_in_the_same(customer):
    """H33, B12"""
    buy_two(customer, "starter", "growth")
    customer.world.events.reverse()
    for _ in range(3):
        customer.tell()
        customer.world.events.reverse()
    assert_settled(customer, "starter", 7_900)


def test_without_any_event_the_nightly_comparison_ends_it(customer):
    """H33, B14"""
    buy_two(customer, "starter", "growth")
    customer.world.taken()
    reconcile.Round().compare_one(customer.workspace_id)
    customer.world.taken()
    reconcile.Round().compare_one(customer.workspace_id)
    assert_settled(customer, "starter", 7_900)


def test_many_at_once_refund_and_tell_once(customer):
    """H33, B11"""
    buy_two(customer, "starter", "growth")

    def look(_: int) -> None:
        with suppress(ApiError):
            closing.end_duplicates(customer.workspace_id, customer.customer_id)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(look, range(6)))
    look(0)
    customer.tell()
    assert_settled(customer, "starter", 7_900)


@pytest.mark.parametrize("is_carried_out", [False, True])
def test_what_fails_at_any_call_is_finished_by_the_next_look(customer, monkeypatch, is_carried_out):
    """H33: whichever answer of Stripe's is lost."""
    buy_two(customer, "starter", "growth")
    real_call, failed = gateway.call, []

    def call(function: Callable, *args, **params):
        if function.__name__ in MUTATING and function.__qualname__ not in failed:
            failed.append(function.__qualname__)
            if is_carried_out:
                real_call(function, *args, **params)
            raise gateway.StripeUnavailable
        return real_call(function, *args, **params)

    monkeypatch.setattr(gateway, "call", call)
    for _ in range(8):
        with suppress(ApiError):
            closing.end_duplicates(customer.workspace_id, customer.customer_id)
    assert len(failed) == 3, failed
    for _ in range(2):
        customer.tell()
    assert_settled(customer, "starter", 7_900)


def test_a_crash_before_the_mail_loses_neither_mail_nor_entry(customer, subjects, monkeypatch):
    """H33"""
    buy_two(customer, "starter", "growth")
    with monkeypatch.context() as context:
        context.setattr(receipts, "duplicate_refunded", lambda workspace_id: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            closing.end_duplicates(customer.workspace_id, customer.customer_id)
    assert subjects == [] and acts(customer) == []
    for _ in range(2):
        customer.tell()
    assert_settled(customer, "starter", 7_900)
    assert subjects.count("A second plan for img apis was refunded") == 1


def test_what_support_refunded_already_is_not_refunded_again(customer):
    buy_two(customer, "starter", "growth")
    customer.world.taken()
    with customer.world.book.change():
        customer.world.trade.refund(customer.charges[-1], 7_900)
    closing.end_duplicates(customer.workspace_id, customer.customer_id)
    customer.tell()
    assert_settled(customer, "starter", 7_900)


def test_each_payment_of_an_invoice_is_refunded(customer, subjects):
    """H24: Stripe takes an invoice's money in several payments, too."""
    buy_two(customer, "starter", "starter")
    charge, book = customer.charges[-1], customer.world.book
    intent = charge["payment_intent"]
    payment = next(row for row in book.list_all("invoice_payments") if row["payment"]["payment_intent"] == intent)
    other = {"type": "payment_intent", "payment_intent": f"{intent}b"}
    with book.change():
        book.put("charges", charge | {"id": f"{charge['id']}b", "amount": 900, "payment_intent": f"{intent}b"})
        book.put("invoice_payments", payment | {"id": f"{payment['id']}b", "payment": other})
        charge["amount"] = 1_000
    customer.tell()
    assert sorted(cents for cents, _ in refunds_of(customer)) == [900, 1_000]


def test_a_subscription_that_sells_no_plan_is_left_alone(customer):
    """One that staff made for something else."""
    buy_two(customer, "starter", "growth")
    newer = subscriptions_of(customer)[0]
    for item in newer["items"]["data"]:
        item["price"] = item["price"] | {"product": "prod_support_hours"}
    assert closing.end_duplicates(customer.workspace_id, customer.customer_id) == 0
    assert newer["status"] == "active" and refunds_of(customer) == []


def test_a_plan_that_takes_the_place_of_an_ended_one_is_no_duplicate(customer, world):
    customer.buy("starter")
    with world.book.change():
        world.trade.end(subscriptions_of(customer)[0])
    customer.tell()
    pay(customer, open_checkout(customer, "growth"))
    customer.tell()
    assert customer.row.plan == "growth" and refunds_of(customer) == [] and acts(customer) == []


def test_a_page_that_is_paid_closes_the_other_open_ones(customer, world):
    """H33: it could be paid for as long as it was open."""
    first, second = open_checkout(customer, "starter"), open_checkout(customer, "growth")
    pay(customer, first)
    customer.tell()
    assert world.book.get("sessions", second)["status"] == "expired"
    pay(customer, second)
    customer.tell()
    assert len(subscriptions_of(customer)) == 1 and customer.row.plan == "starter"


def test_a_second_plan_that_cannot_be_refunded_holds_no_nightly_comparison_up(customer, monkeypatch):
    """Such as with a restricted key that may not refund."""
    buy_two(customer, "starter", "growth")
    customer.world.taken()

    def fail(*args):
        raise gateway.StripeUnavailable

    monkeypatch.setattr(closing, "end_duplicates", fail)
    assert reconcile.Round().compare_one(customer.workspace_id) == (1, 1) and customer.row.plan == "starter"


def test_the_mail_says_it_in_one_sentence():
    context = {"workspace": "acme", "namespace": "acme", "site": "https://example.com"}
    text = render_to_string("emails/duplicate_refunded.txt", context)
    first_paragraph = text.strip().split("\n\n")[0]
    assert first_paragraph.count(".") == 1 and "refunded in full" in first_paragraph and "acme" in first_paragraph


def test_until_the_newer_one_is_ended_the_older_one_counts(customer):
    """Its credits are given; the other's never."""
    buy_two(customer, "starter", "growth")
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    assert customer.row.plan == "starter" and int(customer.counter.base) == STARTER
