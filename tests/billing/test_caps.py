"""Caps: on by default, in force at once, exact under concurrency, named in the refusal (C1, B2)."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.charging import cap_settings, counters, credits, ledger
from billing.charging.caps import Cap
from billing.charging.counters import ChargeCounters
from billing.models import counters as counter_rows
from billing.plans import catalogue, periods
from billing.stripe import subscription_state
from imgapis.base import clock
from tests.billing.test_charge import bill
from tests.billing.test_subscription_state import counter_of, paid, row_of
from tests.crowds import settled

OFF = Cap("off", 0)


@pytest.fixture
def customer(dynamodb):
    """A workspace on the free plan."""
    return workspaces.create_unowned(namespace=f"caps-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)


def charge(workspace, cost: int = 2) -> str:
    """The outcome of a charge: paid, or the code of its refusal."""
    one_charge, terms = bill(workspace.workspace_id, cost=cost), periods.terms_of(row_of(workspace))
    try:
        settled(lambda: credits.charge(one_charge, terms))
    except (credits.OutOfCredits, credits.CapReached) as refusal:
        assert "billing page" in refusal.message and "cached" in refusal.message
        return refusal.code + (" day" if "day" in refusal.message else "")
    return "paid"


def peek(workspace) -> str:
    try:
        credits.require_credits(bill(workspace.workspace_id), periods.terms_of(row_of(workspace)))
    except (credits.OutOfCredits, credits.CapReached) as refusal:
        return refusal.code
    return "free to go"


def test_half_of_the_month_is_the_most_of_a_day_by_default(customer):
    """C1"""
    assert [charge(customer, 500) for _ in range(3)] == ["paid", "paid", "cap_reached day"]
    assert peek(customer) == "cap_reached" and counter_of(customer).left == 1_000


@pytest.mark.races
def test_a_cap_of_the_day_is_exact_under_a_crowd(customer):
    """B2"""
    cap_settings.change(customer.workspace_id, "system", "day", Cap("credits", 5))
    with ThreadPoolExecutor(30) as threads:
        outcomes = list(threads.map(lambda _: charge(customer), range(60)))
    assert (outcomes.count("paid"), outcomes.count("cap_reached day")) == (5, 55)
    day_counter = counter_rows.find(customer.workspace_id, clock.day(clock.now()))
    assert (day_counter.granted, day_counter.used, day_counter.left) == (10, 10, 0)
    assert ledger.prove(customer.workspace_id)[0].is_valid


def test_a_counter_of_the_day_that_is_gone_refuses_nothing_by_terms_without_its_cap(customer, monkeypatch):
    """Terms of before may have no cap of the day where those that a counter was opened by have one."""
    cap_settings.change(customer.workspace_id, "system", "day", OFF)
    terms, now = periods.terms_of(row_of(customer)), clock.now()
    without_row = ChargeCounters(counters.ensure_open(customer.workspace_id, terms, now).period, clock.day(now))
    answers, ensure_open = iter([without_row]), counters.ensure_open
    monkeypatch.setattr(counters, "ensure_open", lambda *args: next(answers, None) or ensure_open(*args))
    assert charge(customer) == "paid"


def test_a_cap_is_raised_at_once_and_lowered_below_what_is_used(customer):
    charge(customer, 100)
    cap_settings.change(customer.workspace_id, "system", "day", Cap("credits", 10))
    assert charge(customer) == "cap_reached day"
    cap_settings.change(customer.workspace_id, "system", "day", Cap("credits", 51))
    assert [charge(customer), charge(customer)] == ["paid", "cap_reached day"]
    cap_settings.change(customer.workspace_id, "system", "day", None)
    assert charge(customer) == "paid"


def test_a_cap_of_the_period_ends_before_the_plan_does(customer):
    cap_settings.change(customer.workspace_id, "system", "day", OFF)
    cap_settings.change(customer.workspace_id, "system", "period", Cap("credits", 3))
    assert [charge(customer) for _ in range(4)] == ["paid", "paid", "paid", "cap_reached"]
    cap_settings.change(customer.workspace_id, "system", "period", None)
    assert charge(customer) == "paid" and ledger.prove(customer.workspace_id)[0].is_valid


def test_without_a_cap_in_the_way_the_plan_says_no(customer):
    cap_settings.change(customer.workspace_id, "system", "day", OFF)
    assert [charge(customer, 1_000) for _ in range(3)] == ["paid", "paid", "out_of_credits"]


def test_overage_goes_on_to_its_cap_in_money_and_not_a_half_credit_further(customer):
    subscription_state.apply(customer.workspace_id, paid("starter"))
    cap_settings.change(customer.workspace_id, "system", "day", OFF)
    assert [charge(customer, 40_000), charge(customer)] == ["paid", "out_of_credits"]
    cap_settings.allow_overage(customer.workspace_id, "system", allowed=True)
    cap_settings.change(customer.workspace_id, "system", "period", Cap("cents", 12))
    assert [charge(customer, 200), charge(customer, 1)] == ["paid", "cap_reached"]
    counter = counter_of(customer)
    assert (counter.used - counter.base, counter.left) == (200, 0)
    assert catalogue.of("starter").overage_cents(200) == 12
    cap_settings.allow_overage(customer.workspace_id, "system", allowed=False)
    assert charge(customer, 1) != "paid" and ledger.prove(customer.workspace_id)[0].is_valid


def test_the_end_of_a_paid_plan_is_the_end_of_overage(customer):
    subscription_state.apply(customer.workspace_id, paid("starter", overage=True))
    assert counter_of(customer).room > 0
    subscription_state.apply(
        customer.workspace_id, subscription_state.Entitlement("free", "canceled", read_at=clock.now())
    )
    assert not row_of(customer).overage and counter_of(customer).room == 0


def free() -> subscription_state.Entitlement:
    return subscription_state.Entitlement("free", "canceled", read_at=clock.now())


def test_caps_in_money_outlast_the_free_plan(customer):
    """C1: a day had no cap at all on the free plan, not even the default one."""
    subscription_state.apply(customer.workspace_id, paid("starter"))
    cap_settings.change(customer.workspace_id, "system", "day", Cap("cents", 12))
    cap_settings.change(customer.workspace_id, "system", "period", Cap("cents", 6))
    subscription_state.apply(customer.workspace_id, free())
    assert [charge(customer, 500) for _ in range(3)] == ["paid", "paid", "cap_reached day"]
    subscription_state.apply(customer.workspace_id, paid("starter"))
    assert charge(customer) == "cap_reached day", "12 cents are 100 credits, and 500 of this day are used"
    cap_settings.change(customer.workspace_id, "system", "day", OFF)
    cap_settings.allow_overage(customer.workspace_id, "system", allowed=True)
    assert charge(customer, 40_000 + 100) == "paid" and charge(customer) == "cap_reached"
    settings = cap_settings.of(row_of(customer))
    assert settings.period == Cap("cents", 6) and settings.own == ("day", "period")


def test_a_cap_in_money_that_waits_on_the_free_plan_is_shown_with_the_one_in_force(customer):
    """C1"""
    subscription_state.apply(customer.workspace_id, paid("starter"))
    cap_settings.change(customer.workspace_id, "system", "day", Cap("cents", 12))
    subscription_state.apply(customer.workspace_id, free())
    settings = cap_settings.of(row_of(customer))
    assert settings.day == Cap("credits", 500) and settings.waiting == (("day", Cap("cents", 12)),)
    assert row_of(customer).caps == {"day": {"unit": "cents", "amount": 12}}


@pytest.mark.parametrize("span", ["hour", ""])
@pytest.mark.parametrize("cap", [Cap("credits", 1)])
def test_there_is_no_cap_of_another_span(customer, span, cap):
    with pytest.raises(cap_settings.InvalidCap):
        cap_settings.change(customer.workspace_id, "system", span, cap)


@pytest.mark.parametrize("cap", [Cap("euros", 1), Cap("credits", -1), Cap("credits", 10**12), Cap("cents", 5)])
def test_a_cap_that_cannot_be_is_refused(customer, cap):
    with pytest.raises(cap_settings.InvalidCap):
        cap_settings.change(customer.workspace_id, "system", "day", cap)
    assert row_of(customer).caps is None


def test_the_free_plan_sells_no_overage(customer):
    with pytest.raises(cap_settings.InvalidCap):
        cap_settings.allow_overage(customer.workspace_id, "system", allowed=True)


def test_the_settings_say_what_is_in_force_and_whose_it_is(customer):
    assert cap_settings.of(row_of(customer)) == cap_settings.Settings(Cap("credits", 500), OFF, (), overage=False)
    cap_settings.change(customer.workspace_id, "system", "day", Cap("credits", 9))
    assert cap_settings.of(row_of(customer)) == cap_settings.Settings(Cap("credits", 9), OFF, ("day",), overage=False)
    assert workspace_rows.find(customer.workspace_id).caps == {"day": {"unit": "credits", "amount": 9}}
