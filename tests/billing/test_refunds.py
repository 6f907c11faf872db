"""A refund or a dispute takes back what its own charge granted, in proportion, while the money is gone (H20, B15)."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest

from billing.charging import cap_settings, grants
from billing.charging.caps import Cap
from billing.models import Counter, InvoiceGrant, counters, invoice_grants
from billing.plans import catalogue
from billing.stripe import customers, overage, reconcile, settlements, subscriptions, webhook_lag, webhooks
from billing.stripe.payments import Payment
from tests.billing.buying import DAY, HOUR, Customer

STARTER, GROWTH, SCALE = (catalogue.of(tier).halves for tier in ("starter", "growth", "scale"))


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    return customer


def dispute(customer: Customer, charge: dict, cents: int | None = None) -> dict:
    """Dispute a charge; our webhook is told."""
    with customer.world.book.change():
        row = customer.world.trade.dispute(charge, charge["amount"] if cents is None else cents)
    assert set(customer.tell()) == {"acted"}
    return row


def close(customer: Customer, row: dict, status: str) -> None:
    """End a dispute."""
    with customer.world.book.change():
        customer.world.trade.close_dispute(row, status)
    assert set(customer.tell()) == {"acted"}


def left(customer: Customer) -> int:
    """Half-credits left; the ledger holds."""
    assert customer.is_sound()
    return int(customer.counter.left)


def test_a_refunded_upgrade_leaves_the_plan_that_stays_paid(customer):
    """H20: 120,000 → 0 and 402, though $19 stayed paid."""
    customer.change("growth")
    assert left(customer) > STARTER
    customer.refund(customer.charges[-1])
    assert left(customer) == STARTER and customer.use(2) == 2


def test_a_refund_of_cents_takes_what_the_cents_had_given(customer):
    """H20: 36 cents took 10,000 credits."""
    customer.until(customer.ends - HOUR)
    customer.change("scale")
    given = left(customer) - STARTER
    customer.refund(customer.charges[-1])
    assert left(customer) == STARTER and given < 2_000


def split(customer: Customer) -> list[dict]:
    """The newest invoice paid by two charges, of a half each, as Stripe allows."""
    first, book = customer.charges[-1], customer.world.book
    intent = first["payment_intent"]
    payment = next(row for row in book.list_all("invoice_payments") if row["payment"]["payment_intent"] == intent)
    half = first["amount"] // 2
    second = first | {"id": f"{first['id']}b", "payment_intent": f"{intent}b", "amount": half}
    first["amount"] -= half
    book.put("charges", second)
    other = {"type": "payment_intent", "payment_intent": second["payment_intent"]}
    book.put("invoice_payments", payment | {"id": f"{payment['id']}b", "payment": other, "amount_paid": half})
    return [first, second]


def test_of_two_charges_for_one_invoice_both_refunds_count(customer):
    """H20: the last one alone did: half of the plan's credits stayed with all of its money back."""
    first, second = split(customer)
    customer.refund(second)
    assert abs(left(customer) - STARTER // 2) < 20
    customer.refund(first)
    assert left(customer) == 0
    with customer.world.book.change():
        (refund,) = customer.world.book.list_all("refunds", charge=first["id"])
    customer.settle_refund(refund, "failed")
    assert abs(left(customer) - STARTER // 2) < 20
    reconcile.Round().compare_one(customer.workspace_id)
    assert abs(left(customer) - STARTER // 2) < 20


def test_a_refund_and_a_dispute_of_two_charges_for_one_invoice_both_count(customer):
    first, second = split(customer)
    dispute_row = dispute(customer, second)
    customer.refund(first)
    assert left(customer) == 0
    close(customer, dispute_row, "won")
    assert abs(left(customer) - STARTER // 2) < 20


def test_a_part_that_was_paid_past_stripe_keeps_no_refund_from_counting(customer):
    """H20: such a payment of an invoice names no PaymentIntent."""
    first, second = split(customer)
    book, intent = customer.world.book, second["payment_intent"]
    payment = next(row for row in book.list_all("invoice_payments") if row["payment"]["payment_intent"] == intent)
    book.put("invoice_payments", payment | {"payment": {"type": "charge", "charge": second["id"]}})
    try:
        customer.refund(first)
        assert abs(left(customer) - STARTER // 2) < 20
    finally:
        book.put("invoice_payments", payment)  # the book is that of every test


def test_a_refund_of_an_older_period_takes_nothing_of_this_one(customer):
    """H20"""
    older_period = customer.period.name
    assert customer.use(10) == 10
    customer.until(customer.ends + 1)
    customer.refund(customer.charges[0])
    older_counter = counters.find(customer.workspace_id, older_period)
    assert (left(customer), older_counter.left, older_counter.used) == (STARTER, 0, 10)


@pytest.fixture
def mixed(customer):
    """A customer whose renewal's charge pays $19 for the plan and $60 for 50,000 credits beyond it."""
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))
    assert customer.use(STARTER + 100_000)
    overage.report(customer.workspace_id, customer.customer_id)
    customer.until(customer.ends + 1)
    assert customer.charges[-1]["amount"] == 7_900
    return customer


def test_a_refund_of_overage_takes_nothing_of_the_plan(mixed):
    """H20: $60 back for the overage of a renewal's charge of $79 took three quarters of the new month."""
    mixed.refund(mixed.charges[-1], 2_500)
    mixed.refund(mixed.charges[-1], 3_500)
    assert mixed.unused == STARTER


def test_a_refund_of_more_than_the_overage_takes_its_part_of_the_plan(mixed):
    """H20: what is beyond the overage is the plan's: half of $19, then all of it."""
    mixed.refund(mixed.charges[-1], 6_950)
    assert mixed.unused == STARTER // 2
    mixed.refund(mixed.charges[-1], 950)
    assert mixed.unused == 0


def test_a_dispute_of_overage_holds_nothing_of_the_plan(mixed):
    """H20"""
    row = dispute(mixed, mixed.charges[-1], 6_000)
    assert mixed.unused == STARTER
    close(mixed, row, "lost")
    assert mixed.unused == STARTER


@pytest.mark.parametrize(
    ("overage", "share", "of_plan"),
    [
        ("0", "3/2", "1"),
        ("1", "1/2", "0"),
        ("1", "1", "0"),
        ("1", "3/2", "0"),
        ("1/2", "3/4", "1/2"),
        ("1/2", "2", "1"),
    ],
)
def test_what_goes_back_is_of_the_overage_first_and_of_the_plan_at_most_once(overage, share, of_plan):
    """H20: a refund and a dispute of one charge come to more than it."""
    payment = Payment("ch", "cus", None, 0, (), Fraction(), Fraction(overage))
    assert payment.returned_of_plan(Fraction(share)) == Fraction(of_plan)


def test_refunds_in_parts_take_their_parts_and_no_more_than_the_whole(customer):
    charge = customer.charges[0]
    for cents, expected in ((475, STARTER * 3 // 4), (475, STARTER // 2), (950, 0)):
        customer.refund(charge, cents)
        assert left(customer) == expected


def test_a_pending_refund_takes_once_it_has_succeeded(customer):
    """H20"""
    refund = customer.refund(customer.charges[0], status="pending")
    assert left(customer) == STARTER
    customer.settle_refund(refund, "succeeded")
    assert left(customer) == 0


def test_a_refund_that_fails_gives_back_what_it_took(customer):
    """H20"""
    assert customer.use(10_000) == 10_000
    pending = customer.refund(customer.charges[0], 950, status="pending")
    customer.settle_refund(pending, "failed")
    assert left(customer) == STARTER - 10_000
    refund = customer.refund(customer.charges[0])
    assert left(customer) == 0
    customer.settle_refund(refund, "failed")
    assert left(customer) == STARTER - 10_000


def test_what_was_used_stays_used_and_is_not_taken_of_a_later_gift(customer):
    """B15: never below 0; what is given afterwards is not the refund's."""
    assert customer.use(STARTER) == STARTER
    refund = customer.refund(customer.charges[0], 950)
    grants.grant(customer.workspace_id, 500, "a gift of support", "staff:x")
    with customer.world.book.change():
        customer.world.trade.emit_event("refund.updated", refund)
    customer.tell()
    assert left(customer) == 500


def test_a_dispute_finds_its_customer_by_its_charge_and_holds_what_it_disputes(customer):
    """H20, H6: it names no customer, and took nothing."""
    customer.change("growth")
    row = dispute(customer, customer.charges[-1])
    assert left(customer) == STARTER
    close(customer, row, "won")
    assert left(customer) > STARTER
    row = dispute(customer, customer.charges[0], 950)
    held = left(customer)
    close(customer, row, "lost")
    assert left(customer) == held


def test_an_inquiry_takes_nothing_as_it_takes_no_money(customer):
    with customer.world.book.change():
        customer.world.trade.dispute(customer.charges[0], 1_900)["status"] = "warning_needs_response"
    customer.tell()
    assert left(customer) == STARTER


def test_a_refunded_year_gives_no_further_months(buyer, world, monkeypatch):
    """Half of a year back is half of each later month; the whole year, none."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter", "year")
    customer.pass_time(40 * DAY)
    assert customer.use(2) == 2
    customer.refund(customer.charges[0], 9_500)
    assert int(customer.counter.left) == STARTER // 2 - 2
    customer.pass_time(31 * DAY)
    assert customer.use(2) == 2 and int(customer.counter.granted) == STARTER // 2
    customer.refund(customer.charges[0])
    assert int(customer.counter.left) == 0
    customer.pass_time(31 * DAY)
    assert customer.use(2) == 0


@pytest.mark.parametrize("months", [1, 2])
def test_each_month_of_a_year_is_looked_at_with_what_was_refunded_before_it(buyer, world, monkeypatch, months):
    """H24: whether a look at Stripe comes before or after the month's first charge, half stays half."""
    customer = Customer(buyer, world, monkeypatch)
    monkeypatch.setattr(customers, "iter_all", lambda: iter([customers.of_workspace(customer.workspace_id)]))
    customer.buy("starter", "year")
    customer.refund(customer.charges[0], 9_500)
    for _ in range(months):
        customer.pass_time(31 * DAY)
        reconcile.reconcile_all()
        assert customer.use(2) == 2
        reconcile.reconcile_all()
    assert (int(customer.counter.granted), left(customer)) == (STARTER // 2, STARTER // 2 - 2)
    withheld = {row.period: int(row.withheld) for row in invoice_grants.of_workspace(customer.workspace_id)}
    assert withheld[customer.period.name] == STARTER // 2


def test_a_refund_that_fails_gives_back_what_later_months_of_the_year_were_not_given(buyer, world, monkeypatch):
    """H24, H20: half of a month that began after the refund was withheld, and not taken."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter", "year")
    refund = customer.refund(customer.charges[0], 9_500)
    customer.pass_time(31 * DAY)
    assert customer.use(2) == 2 and int(customer.counter.granted) == STARTER // 2
    customer.settle_refund(refund, "failed")
    assert left(customer) == STARTER - 2


def test_what_no_event_told_is_settled_at_night(customer, monkeypatch):
    """B14"""
    monkeypatch.setattr(customers, "iter_all", lambda: iter([customers.of_workspace(customer.workspace_id)]))
    with customer.world.book.change():
        refund = customer.world.trade.refund(customer.charges[0], 950)
    customer.world.taken()
    reconcile.reconcile_all()
    assert left(customer) == STARTER // 2
    with customer.world.book.change():
        customer.world.trade.settle_refund(refund, "failed")
    customer.world.taken()
    reconcile.reconcile_all()
    assert left(customer) == STARTER


def test_a_refund_that_was_never_acted_on_is_seen(customer):
    """O2: a refund names no customer either."""
    customer.world.taken()
    with customer.world.book.change():
        customer.world.trade.refund(customer.charges[0], 10)
    for event in customer.world.book.list_all("events"):
        if event["type"] != "refund.created":
            customer.world.book.objects["events"].pop(event["id"])
    assert webhook_lag.unacted_since(customer.moment + webhook_lag.LATE_SECONDS + 60) is not None


def test_what_each_invoice_granted_is_on_record(customer):
    """H20"""
    customer.pass_time(10 * DAY)
    customer.change("growth")
    rows = list(invoice_grants.of_workspace(customer.workspace_id))
    assert sum(int(row.granted) for row in rows) == int(customer.counter.base)
    invoices = customer.world.book.list_all("invoices", customer=customer.customer_id)
    assert {row.invoice_id for row in rows} == {row["id"] for row in invoices}
    customer.refund(customer.charges[0], 950)
    (refunded,) = [row for row in invoice_grants.of_workspace(customer.workspace_id) if row.charge_id]
    assert (refunded.charge_id, int(refunded.taken)) == (customer.charges[0]["id"], STARTER // 2)


def forget_records(customer: Customer) -> None:
    """Leave the rows as a release without records wrote them: the whole plan's credits, and nothing that says why."""
    for row in list(invoice_grants.of_workspace(customer.workspace_id)):
        row.delete()
    halves = catalogue.of(customer.row.plan).halves
    counter = customer.counter
    increase = halves - int(counter.base)
    counter.update(
        actions=[Counter.base.set(halves), Counter.granted.add(increase), Counter.left.add(increase)],
    )


def test_a_period_from_before_the_records_keeps_its_credits_and_gives_none_twice(customer):
    customer.until(customer.ends - HOUR)
    customer.change("scale")
    forget_records(customer)
    for _ in range(2):
        webhooks.sync_subscription(customer.workspace_id, customer.customer_id)
    assert left(customer) == SCALE
    customer.refund(customer.charges[-1])
    assert SCALE - 2_000 < left(customer) < SCALE, "what an hour's upgrade was worth, and not the plan"


def test_a_refund_of_a_period_from_before_the_records_takes_of_that_period(customer):
    older_period = customer.period.name
    customer.until(customer.ends + 1)
    for row in list(invoice_grants.of_workspace(customer.workspace_id)):
        row.delete()
    customer.refund(customer.charges[0], 950)
    assert left(customer) == STARTER and counters.find(customer.workspace_id, older_period).left == STARTER // 2


def test_a_refund_that_an_older_release_took_is_not_taken_again_and_comes_back_if_it_fails(customer):
    with customer.world.book.change():
        refund = customer.world.trade.refund(customer.charges[0], 950)
    customer.world.taken()
    grants.take_back(customer.workspace_id, STARTER // 2, "as older releases did", "stripe", grant_id=refund["id"])
    settlements.settle(customer.workspace_id, customer.charges[0]["id"])
    assert left(customer) == STARTER // 2
    for _ in range(2):
        customer.settle_refund(refund, "failed")
    assert left(customer) == STARTER


def test_a_charge_without_an_invoice_is_nobody_s_credits(customer):
    with customer.world.book.change():
        charge = customer.world.book.put("charges", customer.charges[0] | {"id": "ch_other", "payment_intent": "pi_x"})
        customer.world.trade.refund(charge, 100)
    assert set(customer.tell()) == {"acted"} and left(customer) == STARTER


def test_a_refund_after_the_plan_has_ended_takes_of_its_own_period(customer):
    period = customer.period.name
    subscriptions.cancel(customer.row, "person")
    with customer.world.book.change():
        customer.world.trade.end(customer.subscription)
    customer.tell()
    free_left = customer.use(2) and int(customer.counter.left)
    customer.refund(customer.charges[0])
    counter = counters.find(customer.workspace_id, period)
    assert int(counter.left) == 0 or customer.period.name == period
    assert customer.row.plan == "free" and (int(customer.counter.left) == free_left or customer.period.name == period)


def test_two_events_at_once_take_once(customer):
    """B11"""
    with customer.world.book.change():
        customer.world.trade.refund(customer.charges[0], 950)
    customer.world.taken()
    charge_id = customer.charges[0]["id"]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: settlements.settle(customer.workspace_id, charge_id), range(8)))
    assert left(customer) == STARTER // 2


def test_a_record_holds_no_amount_of_money():
    """P03"""
    assert set(InvoiceGrant.get_attributes()) == {
        "workspace_id",
        "place",
        "invoice_id",
        "charge_id",
        "period",
        "granted",
        "withheld",
        "returned",
        "taken",
        "moment",
    }
