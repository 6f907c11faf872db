"""What is taken back while charges go on, what is noted of it, and the last second of a meter's report (H24)."""

import pytest

from accounts import audit
from billing.charging import cap_settings, counters, entitlement_change, grants, invoice_grants
from billing.charging.caps import Cap
from billing.models import counters as counter_rows
from billing.models import grants as grant_rows
from billing.models import invoice_grants as invoice_grant_rows
from billing.plans import catalogue
from billing.stripe import meter, overage, settlements
from tests.billing.buying import DAY, HOUR, Customer

STARTER = catalogue.of("starter").halves


@pytest.fixture
def customer(buyer, world, monkeypatch):
    """A workspace on Starter that may buy overage."""
    customer = Customer(buyer, world, monkeypatch)
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    cap_settings.change(customer.workspace_id, "x", "period", Cap("off", 0))
    return customer


def once_before(monkeypatch, module, name: str, act) -> None:
    """Have `act` done right before the next call of a function, once."""
    real, done = getattr(module, name), []

    def wrapper(*args, **params):
        if not done:
            done.append(act())
        return real(*args, **params)

    monkeypatch.setattr(module, name, wrapper)


def test_a_charge_while_credits_are_taken_back_is_not_turned_into_overage(customer, monkeypatch):
    """H24, B15: what it has used of the plan is not taken; nothing is sold that was paid for."""
    once_before(monkeypatch, entitlement_change, "_commit", lambda: customer.use(1_000))
    result = grants.take_back(customer.workspace_id, STARTER, "as a test of taking back", "staff:x")
    assert result.halves == 1_000 - STARTER
    balance = counters.balance_of(customer.counter)
    assert (balance.unused, balance.overage, balance.used) == (0, 0, 1_000) and customer.is_sound()


def test_credits_are_taken_back_of_a_period_with_overage_and_nothing_of_it_changes(customer):
    """H24: with nothing left to take it was tried again and again."""
    assert customer.use(STARTER + 1_000)
    result = grants.take_back(customer.workspace_id, STARTER, "as a test of taking back", "staff:x")
    assert result.halves == 0 and counters.balance_of(customer.counter).overage == 1_000


def test_taking_back_beside_overage_of_an_earlier_plan_leaves_what_a_charge_uses_meanwhile(customer, monkeypatch):
    """H24, H2: what was sold before the gift is no part of what may be taken."""
    assert customer.use(STARTER + 5_000)
    grants.grant(customer.workspace_id, 4_000, "as a test of taking back", "staff:x")
    once_before(monkeypatch, entitlement_change, "_commit", lambda: customer.use(1_000))
    result = grants.take_back(customer.workspace_id, 4_000, "as a test of taking back", "staff:x")
    balance = counters.balance_of(customer.counter)
    assert (result.halves, balance.overage, balance.unused) == (-3_000, 5_000, 0)


@pytest.mark.parametrize("sold", [0, 5_000])
def test_a_charge_while_a_year_takes_the_rest_of_the_month_is_not_turned_into_overage(customer, monkeypatch, sold):
    """H24, H1: what it has used of the old month stays paid for by it."""
    if sold:
        assert customer.use(STARTER + sold)
        grants.grant(customer.workspace_id, 30_000, "as a test of a year's beginning", "staff:x")
    customer.pass_time(DAY)
    old_period = customer.period.name
    unused = customer.unused
    once_before(monkeypatch, invoice_grants.Funding, "_move", lambda: customer.use(unused - 1_000))
    customer.change("growth", "year")
    old_counter = counter_rows.find(customer.workspace_id, old_period)
    balance = counters.balance_of(old_counter)
    assert customer.row.interval == "year" and balance.overage == sold
    assert balance.unused == 0 and old_counter.used + old_counter.left == old_counter.granted


def test_a_dispute_that_was_won_is_noted_as_given_back(customer):
    """H24, H20: in the grants, in the audit log and in the record of its invoice."""
    with customer.world.book.change():
        dispute = customer.world.trade.dispute(customer.charges[0], 950)
    customer.tell()
    (record,) = invoice_grant_rows.of_workspace(customer.workspace_id)
    assert (int(record.taken), int(record.returned)) == (STARTER // 2, invoice_grants.WHOLE // 2)
    with customer.world.book.change():
        customer.world.trade.close_dispute(dispute, "won")
    customer.tell()
    notes = sorted((int(row.halves), row.reason) for row in grant_rows.of_workspace(customer.workspace_id))
    assert notes == [(-STARTER // 2, settlements.TAKEN), (STARTER // 2, settlements.GIVEN)]
    assert "taken" not in settlements.GIVEN and "won" in settlements.GIVEN
    acts = [row.act for row in audit.newest(customer.workspace_id, 50) if row.act.startswith("credits.")]
    assert sorted(acts) == ["credits.granted", "credits.taken_back"]
    (record,) = invoice_grant_rows.of_workspace(customer.workspace_id)
    assert (int(record.taken), int(record.returned)) == (0, 0)


def test_what_is_used_in_the_last_second_of_a_period_is_reported_in_it(buyer, world, monkeypatch):
    """H24, H2: the period that begins in that very second has another invoice."""
    customer = Customer(buyer, world, monkeypatch)
    customer.moment += HOUR - customer.moment % HOUR  # so that Stripe's period and ours end in the same second
    customer.buy("starter")
    cap_settings.allow_overage(customer.workspace_id, "x", allowed=True)
    ends = customer.ends
    assert ends % HOUR == 0
    assert customer.use(STARTER + 2_000)
    customer.moment = ends + 60
    overage.report(customer.workspace_id, customer.customer_id)
    (event,) = [
        row
        for row in world.book.objects["meter_events"].values()
        if row["payload"]["stripe_customer_id"] == customer.customer_id
    ]
    assert event["timestamp"] == ends - 1
    assert world.trade.metered(customer.customer_id, ends - HOUR, ends) == 1_000


@pytest.mark.parametrize("second", [0, 0.2, 59, 59.9])
def test_a_report_is_counted_in_the_minute_that_it_names(customer, second):
    """H24, H7: whatever the fraction of its second; neither a minute before nor one after."""
    minute = customer.moment // 60 * 60 - 600
    meter.report(customer.customer_id, f"at {second}", 7, minute + second)
    for shift, expected in ((-60, 0), (0, 7), (60, 0)):
        assert meter.counted(customer.customer_id, minute + shift, minute + shift) == expected
        assert meter.counted(customer.customer_id, minute + shift + 59.9, minute + shift + 59.9) == expected
