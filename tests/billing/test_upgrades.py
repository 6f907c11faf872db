"""An upgrade grants what it is paid for: the difference of credits in proportion to the rest of the period (H1)."""

import math
import random
import secrets
from dataclasses import replace

import pytest

from accounts.workspaces import workspaces
from billing.plans import catalogue, offers
from billing.stripe import subscriptions
from imgapis.base.errors import ApiError
from tests import environment
from tests.billing.buying import DAY, HOUR, Customer

STARTER, GROWTH, SCALE = (catalogue.of(tier).halves for tier in ("starter", "growth", "scale"))
CENT_OF_SCALE = SCALE / catalogue.of("scale").monthly


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on the free plan that buys at the stub, at any time."""
    return Customer(buyer, world, monkeypatch)


def test_an_upgrade_in_the_last_hour_grants_an_hour_of_the_difference(customer):
    """H1: it was a whole month's 580,000 credits for 39 cents, every month."""
    customer.buy("starter")
    start, end = customer.moment, customer.ends
    customer.until(end - HOUR)
    customer.change("scale")
    assert 37 <= customer.charges[-1]["amount"] <= 43
    expected = math.floor((SCALE - STARTER) * HOUR / (end - int(start)))
    assert expected - CENT_OF_SCALE <= int(customer.counter.granted) - STARTER <= expected
    assert customer.row.plan == "scale" and customer.is_sound()
    customer.change("starter")
    customer.until(end + 1)
    assert (customer.row.plan, int(customer.counter.granted)) == ("starter", STARTER)


def test_an_upgrade_at_once_grants_nearly_the_whole_difference_and_halfway_half_of_it(customer):
    customer.buy("starter")
    start, end = int(customer.moment), customer.ends
    customer.change("growth")
    assert GROWTH - 60 <= int(customer.counter.granted) <= GROWTH
    customer.until((start + end) / 2)
    customer.change("scale")
    half = (SCALE - GROWTH) // 2
    assert GROWTH + half - 60 <= int(customer.counter.granted) <= GROWTH + half
    customer.until(end + 1)
    assert int(customer.counter.granted) == SCALE, "the next month is paid whole"


def test_what_is_asked_again_grants_nothing_again(customer):
    """H1, B11: an invoice is counted once, however often Stripe is looked at."""
    customer.buy("starter")
    customer.pass_time(10 * DAY)
    customer.change("scale")
    granted = int(customer.counter.granted)
    for _ in range(3):
        subscriptions.resume(customer.row, "person")
    assert int(customer.counter.granted) == granted < SCALE


def test_an_invoice_of_nothing_pays_for_its_plan(customer):
    """H24: a coupon of 100 % at Stripe."""
    customer.world.buys(customer.row, "starter")
    (invoice,) = customer.world.book.list_all("invoices", customer=customer.customer_id)
    for line in invoice["lines"]["data"]:
        line["amount"] = 0
    invoice |= {"subtotal": 0, "total": 0, "amount_due": 0, "amount_paid": 0}
    customer.tell()
    assert int(customer.counter.granted) == STARTER and not customer.period.unpaid


def test_a_year_s_upgrade_grants_the_rest_of_the_month_and_whole_months_after_it(customer):
    """A yearly plan has its credits month by month."""
    customer.buy("starter", "year")
    customer.pass_time(40 * DAY)
    month = customer.period
    rest = (month.ends - customer.moment) / (month.ends - month.starts)
    customer.change("growth", "year")
    assert abs(int(customer.counter.granted) - STARTER - (GROWTH - STARTER) * rest) <= (GROWTH - STARTER) / 500
    customer.pass_time(31 * DAY)
    assert customer.use(2) == 2 and int(customer.counter.granted) == GROWTH


@pytest.mark.parametrize("used", [0, STARTER // 4, STARTER])
def test_from_month_to_year_what_is_left_of_the_month_is_given_back_once(customer, used):
    """Stripe gives back the money of the rest of the month: its credits go too, those used already out of the new."""
    customer.buy("starter")
    if used:
        assert customer.use(used) == used
    customer.pass_time(15 * DAY)
    rest = (customer.ends - customer.moment) / (15 * DAY + customer.ends - customer.moment)
    customer.change("growth", "year")
    lost = max(0, used - STARTER * (1 - rest))
    assert abs(int(customer.counter.granted) - (GROWTH - lost)) < 100
    assert int(customer.counter.left) > 0 and customer.is_sound()


def test_the_button_says_how_many_credits_the_upgrade_gives_now(customer):
    """H1"""
    customer.buy("starter")
    terms = replace(customer.terms, start=int(customer.moment), end=customer.ends)
    customer.until(customer.ends - HOUR)
    choices = {(offer.plan.tier, offer.interval): offer for offer in offers.of(terms, customer.moment)}
    offer = choices["scale", "month"]
    customer.change("scale")
    granted = int(customer.counter.granted) - STARTER
    assert abs(offer.halves - granted) <= 2 * CENT_OF_SCALE
    assert f"for about {offer.halves // 2:,}" in offers.sentence(offer, terms)


def test_the_pricing_page_says_what_an_upgrade_and_an_unpaid_month_give(client, dynamodb):
    """H1, H6, H20"""
    text = client.get("/pricing", HTTP_HOST="localhost").content.decode()
    assert "the same part of the difference in credits: in the middle of a month, half of it" in text
    assert "Credits are given when they are paid for" in text and "A refund takes back the unused credits" in text


def test_the_stub_prorates_by_the_second(customer):
    """The fake billed the whole difference, and hid the fault."""
    customer.buy("starter")
    start, end = int(customer.moment), customer.ends
    customer.until(end - 1000)
    customer.change("growth")
    debit, credit = (round(price * 1000 / (end - start)) for price in (7_900, 1_900))
    assert abs(customer.charges[-1]["amount"] - (debit - credit)) <= 1
    lines = customer.world.book.list_all("invoices", customer=customer.customer_id)[0]["lines"]["data"]
    assert [line["amount"] < 0 for line in lines] == [True, False]


CHANGES = environment.count(12, 60, 200)
INTERVALS = ("month", "month", "year")
YEAR_ROUNDING = SCALE * 8 // 100  # equal credits of unequal months: what an upgrade of a year may differ by
ACTS = {"plan": 5, "cancel": 1, "resume": 1, "time": 6, "refund": 3, "dispute": 1, "use": 3, "cards": 1}


def act(customer: Customer, rng: random.Random) -> int:
    """One random act of a customer, or of support; returns how many changes it was."""
    kind = rng.choices(list(ACTS), list(ACTS.values()))[0]
    if kind in ("refund", "dispute"):
        return give_back(customer, rng, kind)
    if kind == "cards":
        customer.world.book.refuses_cards = not customer.world.book.refuses_cards
    elif kind == "use":
        customer.use(rng.choice((2, 10_000)))
    elif kind == "time":
        last_hour = max(1, customer.period.ends - customer.moment - HOUR)
        customer.pass_time(rng.choice((1, HOUR, 5 * DAY, 16 * DAY, last_hour)))
    elif kind in ("cancel", "resume"):
        getattr(subscriptions, kind)(customer.row, "person")
    elif customer.row.plan != catalogue.FREE:
        customer.change(rng.choice(catalogue.TIERS[1:]), rng.choice(INTERVALS))
    elif not customer.world.book.refuses_cards:
        customer.buy(rng.choice(catalogue.TIERS[1:]), rng.choice(INTERVALS))
    return 1


def give_back(customer: Customer, rng: random.Random, kind: str) -> int:
    """Refund or dispute a part of a random charge, or end what is pending."""
    charges = [row for row in customer.charges if row["amount_refunded"] < row["amount"] and not row["disputed"]]
    if not charges:
        return 0
    charge = rng.choice(charges)
    cents = rng.randint(1, charge["amount"] - charge["amount_refunded"])
    if kind == "refund":
        refund = customer.refund(charge, cents, rng.choice(("succeeded", "pending")))
        if refund["status"] == "pending" and rng.random() < 0.7:
            customer.settle_refund(refund, rng.choice(("succeeded", "failed")))
        return 2
    with customer.world.book.change():
        dispute = customer.world.trade.dispute(charge, cents)
    customer.tell()
    with customer.world.book.change():
        customer.world.trade.close_dispute(dispute, rng.choice(("won", "lost")))
    customer.tell()
    return 2


@pytest.mark.counted
@pytest.mark.parametrize("seed", range(environment.count(3, 6, 40)))
def test_whatever_is_bought_and_refunded_no_more_is_granted_than_is_paid_for(world, dynamodb, monkeypatch, seed):
    """H1, H20, B9: credits granted for plans ≤ net money paid × credits ÷ price, by plan, and a half for each change;
    credits used before a refund, and three days of grace, apart; by the month and by the year."""
    buyer = workspaces.create_unowned(namespace=f"sums-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)
    customer, rng, changes = Customer(buyer, world, monkeypatch), random.Random(seed), 0
    customer.buy(rng.choice(catalogue.TIERS[1:]), rng.choice(INTERVALS))
    years = 0
    for _ in range(CHANGES):
        before = customer.row.plan, customer.row.interval
        try:
            changes += act(customer, rng)
        except ApiError as refusal:
            assert refusal.code in ("payment_refused", "no_subscription", "already_subscribed", "stripe_refused")
        years += before[1] == customer.row.interval == "year" and before[0] != customer.row.plan
        over = customer.granted() - customer.paid_for() - years * YEAR_ROUNDING
        assert over <= changes + customer.used_of_refunded() + customer.unpaid_share(), (over, changes)
        assert all(row.used + row.left == row.granted for row in customer.counters())
    world.book.refuses_cards = False
