"""What Stripe's objects come to: debts, shares of refunds and disputes, periods and events; each rule by itself."""

import secrets
from fractions import Fraction

import pytest

from accounts.models import workspaces as workspace_rows
from billing import transfers
from billing.charging import cap_settings, counters, grants
from billing.charging.caps import Cap
from billing.models import ReportedOverage, invoice_grants
from billing.models import counters as counter_rows
from billing.notifications import alerts
from billing.plans import catalogue
from billing.plans.periods import Terms
from billing.plans.proration import PaidInvoice, PaidPeriod, PlanLine, given_back
from billing.stripe import (
    customers,
    gateway,
    overage,
    payments,
    settlements,
    stripe_events,
    subscriptions,
    webhook_lag,
    webhooks,
)
from billing.stripe.stripe_facts import EventSnapshot
from imgapis.base import clock
from tests.billing.buying import DAY, Customer
from tests.billing.test_overage import failing
from tests.billing.test_overage_changes import use_beyond

STARTER = catalogue.of("starter").halves


def set_invoice(customer: Customer, **values) -> dict:
    (invoice,) = customer.world.book.list_all("invoices", customer=customer.customer_id)
    invoice |= values
    return invoice


@pytest.mark.parametrize(
    ("status", "reason", "owed"),
    [
        ("open", "subscription_cycle", {payments.PERIOD}),
        ("uncollectible", "subscription_create", {payments.PERIOD}),
        ("open", "subscription_update", set()),
        ("open", "manual", set()),
        ("paid", "subscription_cycle", set()),
        ("void", "subscription_cycle", set()),
        ("draft", "subscription_cycle", set()),
    ],
)
def test_what_is_owed_of_a_period_is_what_bills_it_from_its_beginning(customer, status, reason, owed):
    invoice = set_invoice(customer, status=status, billing_reason=reason)
    subscription = gateway.subscription(customer.customer_id)
    assert payments.owed(customer.customer_id, subscription) == owed
    assert payments.owed(customer.customer_id) == set(), "of no subscription"
    assert payments.is_period_draft(subscription) is (status == "draft")
    invoice["parent"]["subscription_details"]["subscription"] = "sub_other"
    assert payments.owed(customer.customer_id, subscription) == set()
    assert not payments.is_period_draft(subscription)


@pytest.mark.parametrize(
    ("status", "is_held"),
    [
        ("needs_response", True),
        ("under_review", True),
        ("lost", True),
        ("won", False),
        ("warning_needs_response", False),
        ("warning_under_review", False),
        ("warning_closed", False),
    ],
)
def test_a_dispute_holds_its_part_in_these_states(customer, status, is_held):
    with customer.world.book.change():
        customer.world.trade.dispute(customer.charges[0], 950)["status"] = status
    payment = payments.payment(customer.charges[0]["id"])
    assert payment.disputed == (Fraction(1, 2) if is_held else 0)
    settlements.settle(customer.workspace_id, customer.charges[0]["id"])
    assert int(customer.counter.left) == (STARTER // 2 if is_held else STARTER)


def test_what_the_customer_s_balance_has_paid_of_an_invoice_does_not_go_back_with_its_charge(customer):
    """A refund of all that the card paid is half of an invoice whose other half was paid before."""
    set_invoice(customer, amount_due=950, amount_paid=950)
    customer.charges[0]["amount"] = 950
    customer.refund(customer.charges[0])
    assert int(customer.counter.left) == STARTER // 2 and customer.is_sound()


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_a_refund_that_an_older_release_took_comes_back_once_however_it_is_undone(customer, status):
    with customer.world.book.change():
        refund = customer.world.trade.refund(customer.charges[0], 950)
    customer.world.taken()
    grants.take_back(customer.workspace_id, STARTER // 2, "as older releases did", "stripe", grant_id=refund["id"])
    with customer.world.book.change():
        refund["status"] = status
    charge_id = customer.charges[0]["id"]
    assert [settlements.settle(customer.workspace_id, charge_id) for _ in range(2)] == [True, False]
    assert int(customer.counter.left) == STARTER and customer.is_sound()


def test_a_refund_that_fails_gives_back_what_it_took_and_not_what_had_been_used(customer):
    assert customer.use(STARTER - 1_000)
    refund = customer.refund(customer.charges[0])
    assert int(customer.counter.left) == 0
    customer.settle_refund(refund, "failed")
    (record,) = invoice_grants.of_workspace(customer.workspace_id)
    assert (int(customer.counter.left), int(record.taken)) == (1_000, 0) and customer.is_sound()


def test_the_part_of_a_refund_is_rounded_for_us_to_a_billionth(customer):
    customer.refund(customer.charges[0], 1)
    (record,) = invoice_grants.of_workspace(customer.workspace_id)
    assert int(record.returned) == -(-1_000_000_000 // 1_900)


def line(cents: int, end: float, tier: str = "starter", interval: str = "month", start: float = 0) -> PlanLine:
    return PlanLine(tier, interval, start, end, cents)


@pytest.mark.parametrize(
    ("lines", "is_of", "begins"),
    [
        ([line(1_900, 100_000)], True, True),
        ([line(1_900, 100_001)], False, False),  # another period's
        ([line(1_900, 99_999)], False, False),
        ([line(0, 100_000)], True, True),  # a coupon of the whole
        ([line(-1_900, 100_000)], False, False),
        ([line(1_900, 100_000, start=3_599)], True, True),
        ([line(1_900, 100_000, start=3_600)], True, False),
        ([line(-1_900, 100_000), line(7_900, 100_000, "growth")], True, False),  # an upgrade in the first hour
    ],
)
def test_an_invoice_is_of_the_period_that_its_lines_end_with_and_begins_it_at_its_start(lines, is_of, begins):
    paid, invoice = PaidPeriod(0, 100_000, "month"), PaidInvoice("in", tuple(lines))
    assert (paid.is_of(invoice), paid.is_begun_by(invoice)) == (is_of, begins)


@pytest.mark.parametrize(
    ("lines", "halves"),
    [
        ([line(-950, 50_000)], STARTER // 2),
        ([line(-951, 50_000)], STARTER * 951 // 1_900 + 1),  # rounded up: what is given back is not granted twice
        ([line(-19_000, 50_000, interval="year")], STARTER),  # a month's at most: no later one was opened
        ([line(-9_500, 50_000, interval="year")], STARTER),
        ([line(-950, 100_000)], 0),  # of this very period
        ([line(950, 50_000)], 0),
    ],
)
def test_what_an_invoice_gives_back_of_another_period_is_a_month_s_at_most(lines, halves):
    assert given_back(PaidInvoice("in", tuple(lines)), PaidPeriod(0, 100_000, "year")) == halves


def test_whoever_has_a_subscription_that_is_not_paid_for_is_sold_no_second_one(customer):
    for status in ("unpaid", "paused", "past_due", "trialing"):
        customer.subscription["status"] = status
        with pytest.raises(subscriptions.AlreadySubscribed):
            subscriptions.start_checkout(customer.row, "p", "growth", "month", "http://localhost/back")


def test_a_session_of_another_customer_s_says_nothing(customer, world):
    (session,) = world.book.list_all("sessions", customer=customer.customer_id)
    assert subscriptions.checkout_status(customer.row, session["id"]) == "paid"
    session["customer"] = "cus_other"
    assert subscriptions.checkout_status(customer.row, session["id"]) is None
    assert subscriptions.checkout_status(customer.row, "cs_unknown") is None


def test_a_price_that_is_not_sold_any_more_is_a_year_s_or_a_month_s_by_the_time_it_covers(customer):
    invoice = set_invoice(customer)
    (row,) = [each for each in invoice["lines"]["data"] if each["amount"]]
    row["pricing"]["price_details"]["price"] = "price_of_before"
    for days, interval in ((31, "month"), (365, "year")):
        row["period"]["end"] = row["period"]["start"] + days * DAY
        (plan_line,) = payments.payment(customer.charges[0]["id"]).invoice.lines
        assert (plan_line.tier, plan_line.interval) == ("starter", interval)


def test_an_object_leads_to_its_customer_and_an_unknown_one_to_nobody(customer):
    (invoice,) = customer.world.book.list_all("invoices", customer=customer.customer_id)
    for object_id in (customer.subscription["id"], invoice["id"]):
        assert payments.customer_of(object_id) == customer.customer_id
    assert payments.customer_of("sub_unknown") == payments.customer_of("in_unknown") == ""
    assert payments.customer_of_charge("ch_unknown") == ""


@pytest.mark.parametrize(
    ("credits", "invoiced", "is_past", "is_metered"), [(9, 0, False, True), (9, 9, False, False), (9, 0, True, False)]
)
def test_a_transfer_has_stripe_invoice_what_its_meter_was_told_of_the_running_period_alone(
    customer, credits, invoiced, is_past, is_metered
):
    ReportedOverage(customer.workspace_id, customer.counter.period, credits=credits, invoiced=invoiced).save()
    if is_past:
        customer.moment += 40 * DAY
    assert transfers._is_metered(customer.workspace_id) is is_metered


def test_before_a_transfer_no_page_of_a_purchase_stays_open(customer):
    session, _ = gateway.checkout(customer.workspace_id, customer.customer_id, "growth", "month", "http://localhost/")
    transfers.settle(customer.workspace_id)
    assert customer.world.book.get("sessions", session)["status"] == "expired"


def test_a_cap_of_nothing_sells_nothing(customer):
    """It is the tightest cap there is, and no mistake."""
    cap_settings.change(customer.workspace_id, "p", "period", Cap("credits", 0))
    assert customer.use(1) == 0
    cap_settings.change(customer.workspace_id, "p", "period", Cap("credits", cap_settings.MOST))
    assert customer.use(1) == 1


def test_alerts_of_the_plan_s_credits_leave_out_what_was_sold_beyond_an_earlier_plan(customer):
    """What was sold at Starter's price uses nothing of Growth's credits."""
    cap_settings.allow_overage(customer.workspace_id, "p", allowed=True)
    for span in ("day", "period"):
        cap_settings.change(customer.workspace_id, "p", span, Cap("off", 0))
    use_beyond(customer, 50_000)
    customer.change("growth")
    included = int(customer.counter.granted) - int(customer.counter.room)
    levels = {level.resource: level for level in alerts.levels(customer.counter, None)}
    assert (levels["allowance"].used, levels["allowance"].limit) == (STARTER, included)
    assert levels["allowance"].share == 0


def test_an_event_of_a_workspace_that_is_gone_is_taken_and_noted(customer):
    event_id = f"evt_{secrets.token_hex(8)}"
    customer_id = customer.customer_id
    facts = {"event_id": event_id, "kind": "invoice.voided", "live": False, "version": "", "created": 1}
    event = EventSnapshot(**facts, customer_id=customer_id, object_id="in_1")
    workspace_rows.find(customer.workspace_id).delete()
    assert customers.workspace_of(customer_id) == customer.workspace_id
    assert webhooks.handle(event) == "workspace gone" and stripe_events.of_id(event_id).outcome == "workspace gone"
    assert webhooks.handle(event) == "again"


HANDLED = {
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.refunded",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.pending_update_applied",
    "customer.subscription.pending_update_expired",
    "customer.subscription.resumed",
    "customer.subscription.updated",
    "invoice.marked_uncollectible",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.voided",
    "refund.created",
    "refund.failed",
    "refund.updated",
    "subscription_schedule.released",
    "subscription_schedule.updated",
}


def test_stripe_is_asked_to_tell_of_all_that_changes_a_plan_a_debt_or_a_payment():
    assert set(webhooks.HANDLERS) == HANDLED


@pytest.mark.parametrize(("age", "other", "is_late"), [(590, "", False), (610, "", True), (610, "cus_x", False)])
def test_an_event_of_a_customer_of_ours_is_late_after_ten_minutes(customer, age, other, is_late):
    book = customer.world.book
    now = float(book.now())
    facts = {"customer": other or customer.customer_id}
    event = {"id": f"evt_{secrets.token_hex(8)}", "object": "event", "type": "invoice.paid", "created": int(now) - age}
    more = {"livemode": False, "api_version": gateway.VERSION, "data": {"object": {"id": "in_1"} | facts}}
    book.objects["events"].clear()
    book.put("events", event | more)
    assert (webhook_lag.unacted_since(now) is not None) is is_late


def test_the_last_minutes_that_stripe_refuses_keep_the_end_of_a_plan_not_back(customer, monkeypatch):
    """H2: they are on record as failing."""
    subscriptions.cancel(customer.row, "p")
    monkeypatch.setattr(overage, "report", failing(gateway.StripeRefused))
    customer.until(customer.ends + 60)
    assert customer.row.plan == "free"


def test_the_counters_that_a_process_knows_are_forgotten_before_they_are_too_many(workspace, monkeypatch):
    counters._known.clear()
    monkeypatch.setattr(counters, "MOST_KNOWN", 2)
    for days in range(3):
        counters.ensure_open(workspace.workspace_id, Terms(), 1_790_000_000 + days * DAY)
        assert len(counters._known) <= 2
    row = counter_rows.find(workspace.workspace_id, clock.day(1_790_000_000))
    assert row.expires.timestamp() == clock.moment_of_hour(f"{row.period}T00") + 400 * DAY
