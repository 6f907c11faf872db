"""A bank that wants the payer to confirm an upgrade: the payer is led to Stripe's page, and the plan follows (H22)."""

import re

import pytest

from accounts.models import workspaces
from billing.plans import catalogue
from billing.stripe import gateway, receipts, subscriptions, webhooks
from tests.billing.buying import Customer
from tests.billing.test_purchase import PurchaseDesk

HOUR = 3_600
DAY = 86_400


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter, whose bank from now on wants each payment confirmed."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    world.book.asks_confirmation = True
    return customer


def upgrade(customer: Customer, tier: str = "scale") -> str:
    """Choose a larger plan; the address of Stripe's page."""
    url = subscriptions.change(customer.row, "person", tier, "month")
    customer.tell()
    return url


def press(customer: Customer, url: str) -> None:
    """Confirm the payment on the stub's page."""
    assert "Confirm and pay" in customer.world.stub.page(url.removeprefix(customer.world.stub.address))
    customer.world.stub.press(url.removeprefix(customer.world.stub.address) + "/confirm", {})
    customer.tell()


def test_the_plan_follows_once_the_payment_is_confirmed(customer):
    """H22: it was refused, and "change the card" was said."""
    url = upgrade(customer)
    assert (customer.row.plan, int(customer.counter.granted)) == ("starter", catalogue.of("starter").halves)
    press(customer, url)
    halves = catalogue.of("scale").halves
    assert customer.row.plan == "scale" and halves * 0.999 < int(customer.counter.granted) <= halves
    assert customer.subscription["pending_update"] is None and customer.charges[-1]["amount"] > 27_000
    assert customer.is_sound()


def test_a_confirmation_that_never_comes_changes_nothing_and_owes_nothing(customer):
    """H22: Stripe discards the change after 23 hours."""
    upgrade(customer)
    customer.pass_time(24 * HOUR)
    assert customer.row.plan == "starter" and customer.subscription["pending_update"] is None
    states = {row["status"] for row in customer.world.book.list_all("invoices", customer=customer.customer_id)}
    assert states == {"paid", "void"} and customer.row.billing_state == "active"


def test_a_second_click_takes_the_place_of_the_first(customer):
    """H22: one change waits, one is paid."""
    first = upgrade(customer, "growth")
    second = upgrade(customer, "scale")
    assert first != second
    customer.world.stub.press(first.removeprefix(customer.world.stub.address) + "/confirm", {})
    customer.tell()
    assert customer.row.plan == "starter" and len(customer.charges) == 1
    press(customer, second)
    assert customer.row.plan == "scale" and len(customer.charges) == 2


def test_a_cancelled_plan_that_is_upgraded_so_is_not_resumed_in_silence(customer):
    """H22: a change that waits for its payment cannot resume a plan; that is one click more, and nobody is charged who
    had cancelled."""
    subscriptions.cancel(customer.row, "person")
    press(customer, upgrade(customer))
    assert (customer.row.plan, customer.row.next_plan) == ("scale", "free")


def test_a_month_becomes_a_year_once_it_is_confirmed(customer):
    customer.pass_time(10 * DAY)
    url = subscriptions.change(customer.row, "person", "growth", "year")
    customer.tell()
    assert customer.row.interval == "month"
    press(customer, url)
    assert (customer.row.plan, customer.row.interval) == ("growth", "year") and customer.is_sound()


def test_no_mail_says_that_an_upgrade_was_refused_and_will_be_tried_again(customer, monkeypatch):
    """H22: the page has said it, and Stripe does not try again; a renewal's refusal is mailed as ever."""
    sent = []

    def note(workspace_id: str, subject: str, *rest, **options) -> list:
        sent.append((workspace_id, subject))
        return []

    monkeypatch.setattr(receipts, "_new_mails", note)
    upgrade(customer)
    assert sent == []
    customer.world.book.asks_confirmation, customer.world.book.refuses_cards = False, True
    customer.until(customer.ends + 60)
    refused_mail = (customer.workspace_id, "A payment for img apis was refused")
    assert [mail for mail in sent if mail[0] == customer.workspace_id] == [refused_mail]
    customer.world.book.refuses_cards = False


def test_a_card_that_is_refused_is_told_so_as_before(customer):
    customer.world.book.refuses_cards = True
    with pytest.raises(gateway.PaymentRefused) as refusal:
        upgrade(customer)
    assert not isinstance(refusal.value, gateway.ConfirmationRequired) and customer.row.plan == "starter"
    assert len(customer.world.book.list_all("invoices", customer=customer.customer_id)) == 1
    customer.world.book.refuses_cards = False


def test_the_page_leads_to_stripe_s_and_says_what_happens(web, world):
    """H22, A13: by redirect alone, to the page of the invoice."""
    desk = PurchaseDesk()
    desk.buy(world, "starter")
    world.book.asks_confirmation = True
    page = desk.press("plan", tier="growth", interval="month")
    world.deliver()
    assert page.status == 302 and re.fullmatch(rf"{world.stub.address}/invoice/in_\w+", page.location)
    assert "wants you to confirm the payment at Stripe" in desk.page() and desk.plan == "starter"
    assert page.location in desk.browser.get(f"{desk.path}/invoices").text, "the way back to it"
    world.stub.press(page.location.removeprefix(world.stub.address) + "/confirm", {})
    world.deliver()
    assert workspaces.find(desk.row.workspace_id).plan == "growth"


def test_stripe_is_asked_to_tell_of_changes_that_waited():
    assert {f"customer.subscription.pending_update_{end}" for end in ("applied", "expired")} <= set(webhooks.HANDLERS)
