"""Credits are granted when they are paid for; until then a day's share of the plan's a day, three times (H6)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from accounts.models import Workspace
from billing.charging import cap_settings, counters, credits, summary
from billing.charging.caps import Cap
from billing.models import counters as counter_rows
from billing.notifications import alerts
from billing.plans import catalogue, periods
from billing.stripe import gateway, subscription_state, webhooks
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock
from imgapis.base.errors import ApiError
from tests.billing.buying import DAY, Customer
from tests.billing.test_charge import bill

STARTER = catalogue.of("starter").halves
FREE = catalogue.of("free").halves


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter whose month is over tomorrow."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    customer.until(customer.ends - DAY)
    yield customer
    world.book.refuses_cards = False


def share(customer: Customer, days: int) -> int:
    """Half-credits of so many days of the running period."""
    period = customer.period
    return int(STARTER * days * DAY // (period.ends - period.starts))


def use_up(customer: Customer) -> int:
    """Use credits in pieces until they are refused; returns half-credits charged by now in the running period."""
    while customer.use(200):
        pass
    while customer.use(1):
        pass
    return int(customer.counter.used)


def charge(customer: Customer) -> int:
    """Charge half a credit by the caps in force; 0 where it is refused."""
    try:
        return credits.charge(bill(customer.workspace_id, cost=1), customer.terms)
    except ApiError:
        return 0


def test_a_renewal_that_is_refused_gives_a_day_s_share_a_day_and_then_the_free_plan_s(customer):
    """H6: it gave a whole new month, unpaid, for as long as Stripe tried again."""
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    assert (customer.row.billing_state, customer.row.plan) == ("past_due", "starter")
    for day in (1, 2, 3):
        assert use_up(customer) == share(customer, day) and customer.is_sound()
        customer.pass_time(DAY)
    assert customer.period.plan == "free" and customer.row.plan == "starter"
    assert summary.of(customer.row).included == FREE
    assert use_up(customer) == FREE and customer.is_sound()


def test_what_is_paid_late_is_the_whole_month_less_what_was_used_meanwhile(customer):
    """H6, B15"""
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    used = use_up(customer)
    customer.pass_time(2 * DAY)
    customer.world.book.refuses_cards = False
    customer.pass_time(1.5 * DAY)
    assert (customer.row.billing_state, customer.row.unpaid_since) == ("active", 0)
    assert (customer.counter.granted, customer.counter.left) == (STARTER, STARTER - used) and customer.is_sound()


def test_until_the_news_of_a_renewal_comes_the_share_is_the_same(customer):
    """H6, B9: Stripe's webhooks may be late by three days."""
    customer.pass_time(DAY + 1, tell=False)
    assert use_up(customer) == share(customer, 1)
    customer.pass_time(DAY, tell=False)
    assert use_up(customer) == share(customer, 2)
    customer.tell()
    assert customer.counter.granted == STARTER == customer.counter.left + customer.counter.used


def test_a_renewal_that_stripe_has_begun_and_not_yet_charged_is_not_paid(customer):
    """H6: an invoice is a draft for an hour."""
    customer.pass_time(DAY + 1, tell=False)
    invoice = customer.world.book.list_all("invoices", customer=customer.customer_id)[0]
    invoice["status"] = "draft"
    customer.tell()
    assert customer.row.billing_state == "active" and customer.period.unpaid
    assert summary.of(customer.row).included == share(customer, 1)
    invoice["status"] = "paid"
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    assert int(customer.counter.granted) == STARTER


@pytest.mark.parametrize("hours", [1, 0.25, 0.1])
def test_an_upgrade_shortly_before_the_turn_earns_no_grace_of_the_larger_plan(customer, hours):
    """H6: Starter to Scale for cents, then a card that refuses: 60,000 credits in three days, of a month of 20,000."""
    customer.until(customer.ends - hours * 3_600)
    customer.change("scale")
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY)
    assert customer.row.plan == "scale" and customer.period.unpaid
    customer.pass_time(1.9 * DAY)
    assert int(customer.period.allowance) <= share(customer, 3) + 200
    customer.world.book.refuses_cards = False
    customer.pass_time(1.9 * DAY)
    assert int(customer.counter.granted) == catalogue.of("scale").halves and customer.is_sound()


def test_a_plan_whose_first_payment_has_not_arrived_gives_nothing_yet(buyer, world, monkeypatch):
    """H6: of a bank's debit Stripe begins the subscription days before the money comes, or does not."""
    customer = Customer(buyer, world, monkeypatch)
    customer.world.buys(customer.row, "scale")
    (invoice,) = world.book.list_all("invoices", customer=customer.customer_id)
    invoice["status"] = "open"
    customer.tell()
    assert customer.row.plan == "scale" and (customer.period.plan, customer.period.allowance) == ("free", FREE)
    customer.pass_time(DAY)
    assert use_up(customer) == FREE
    invoice["status"] = "paid"
    webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    assert int(customer.counter.left) == catalogue.of("scale").halves and customer.is_sound()


def test_what_went_back_of_the_month_before_earns_no_grace(customer):
    """H6, H20"""
    customer.refund(customer.charges[0])
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    assert (customer.row.plan, customer.period.plan) == ("starter", "free")


def test_nothing_is_sold_beyond_the_plan_while_it_is_not_paid(customer):
    """H6: overage would be owed by somebody whose card is refused."""
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    assert use_up(customer) == share(customer, 1) and int(customer.counter.room) == 0


def test_a_second_period_that_nobody_paid_for_has_no_days_of_grace(customer):
    """H6: three days of each month would be for nothing."""
    now = clock.now()
    for begun in (0, 31 * DAY):
        customer.moment = now + begun
        start = now + begun
        subscription_state.apply(
            customer.workspace_id,
            Entitlement("starter", "past_due", start, start + 31 * DAY, read_at=customer.moment, invoices=()),
        )
        assert customer.period.unpaid is (begun == 0) and customer.period.plan == ("free" if begun else "starter")
    customer.moment += 40 * DAY
    assert customer.period.plan == "free"


def test_a_share_is_raised_once_by_many_at_once(customer):
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    use_up(customer)
    customer.pass_time(DAY)
    counters._known.clear()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: customer.use(2), range(8)))
    assert int(customer.counter.granted) == share(customer, 2) and customer.is_sound()


def test_a_cap_in_credits_ends_before_a_share_that_grows_beyond_it(customer):
    """H24, C1: 700 credits of the month, of which day 1 has 645 and day 2 would have 1,290."""
    cap_settings.change(customer.workspace_id, "x", "day", Cap("off", 0))
    cap_settings.change(customer.workspace_id, "x", "period", Cap("credits", 700))
    customer.world.book.refuses_cards = True
    customer.pass_time(DAY + 1)
    for halves in (share(customer, 1), 1_400):
        while charge(customer):
            pass
        assert int(customer.counter.used) == halves and customer.is_sound()
        customer.pass_time(DAY)


def test_no_alert_is_sent_of_a_share_that_grows(customer):
    """Half of a day's share is no half of the plan; and the notice would be missing when it is."""
    customer.pass_time(DAY + 1, tell=False)
    use_up(customer)
    assert alerts.check(customer.workspace_id) == 0
    customer.tell()
    customer.use(STARTER // 2)
    assert alerts.check(customer.workspace_id) == 1


def test_an_upgrade_whose_card_is_refused_grants_nothing(customer):
    customer.world.book.refuses_cards = True
    with pytest.raises(gateway.PaymentRefused):
        customer.change("scale")
    assert int(customer.counter.granted) == STARTER


MONTH = periods.Terms("starter", 40_000, clock.moment_of_hour("2026-12-01T10"), clock.moment_of_hour("2027-01-01T10"))


@pytest.mark.parametrize(
    ("days", "plan", "halves"),
    [
        (0, "starter", 1_290),
        (0.99, "starter", 1_290),
        (1, "starter", 2_580),
        (2.5, "starter", 3_870),
        (3, "free", 2_000),
    ],
)
def test_on_day_n_there_are_n_days_of_the_plan(days, plan, halves):
    """H6: of a January, n ÷ 31."""
    period = periods.at(MONTH, MONTH.end + days * DAY)
    assert (period.plan, period.allowance) == (plan, halves)


def test_a_period_that_nobody_paid_for_is_followed_by_the_free_plan():
    """H24, H6: by no other days of grace, also where Stripe has told nothing of the next one yet."""
    period = periods.at(replace(MONTH, unpaid_since=MONTH.start), MONTH.end + DAY)
    assert (period.plan, period.allowance, period.unpaid) == ("free", FREE, False)


def test_a_workspace_from_before_the_records_counts_as_paid(customer):
    row = customer.row
    new_attributes = (Workspace.granted_period, Workspace.granted_halves, Workspace.unpaid_since)
    row.update(actions=[attribute.remove() for attribute in new_attributes])
    assert not customer.period.unpaid and customer.period.allowance == STARTER
    assert counter_rows.find(customer.workspace_id, customer.period.name).granted == STARTER
