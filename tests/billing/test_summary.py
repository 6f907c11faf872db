"""A bill at a glance: what stops new work, where the credits are heading and what they cost; pure arithmetic."""

from dataclasses import replace

import pytest

from billing.charging.summary import Summary
from billing.plans.periods import Period, Terms
from imgapis.base import clock

DAY = 86_400
START = clock.moment_of_hour("2026-11-01T00")
PERIOD = Period("2026-11-01T00Z", START + 30 * DAY, "starter", 40_000)
TERMS = Terms("starter", 40_000, START, START + 30 * DAY, overage=True)
BILL = Summary(TERMS, PERIOD, "active", START + 10 * DAY, included=40_000, room=10_000, used=10_000)
OWED = replace(TERMS, overage_debt="unpaid")


@pytest.mark.parametrize(
    ("changes", "capped"),
    [
        ({}, ""),
        ({"used": 49_999}, ""),
        ({"used": 50_000}, "period"),
        ({"room": 0, "used": 39_999}, ""),
        ({"room": 0, "used": 40_000}, "credits"),
        ({"room": -30_000, "used": 10_000}, "period"),
        ({"room": 0, "used": 40_000, "terms": OWED}, "overage_unpaid"),
        ({"room": 500, "used": 40_500, "terms": OWED}, "overage_unpaid"),
        ({"room": -30_000, "used": 10_000, "terms": OWED}, "period"),
        ({"room": 0, "used": 40_000, "terms": OWED, "period": replace(PERIOD, unpaid=True)}, "credits"),
        ({"room": 0, "used": 40_000, "terms": replace(OWED, overage=False)}, "credits"),
        ({"day_limit": 100, "day_used": 99}, ""),
        ({"day_limit": 100, "day_used": 100}, "day"),
        ({"day_limit": 0}, "day"),
        ({"day_limit": 100, "day_used": 100, "used": 50_000}, "period"),
    ],
)
def test_what_stops_new_work_is_named(changes, capped):
    assert replace(BILL, **changes).capped == capped


@pytest.mark.parametrize(
    ("changes", "forecast", "cents"),
    [
        ({"now": START + DAY - 1}, None, None),
        ({"now": START + DAY}, 300_000, 600),  # the cap is kept: 5,000 credits beyond at 120 cents the thousand
        ({}, 30_000, 0),
        ({"used": 15_000}, 45_000, 300),
        ({"used": 40_000, "room": 0}, 120_000, 0),
        ({"used": 40_000, "room": -5_000}, 120_000, 0),
        ({"used": 48_000}, 144_000, 600),
        ({"used": 48_000, "now": START + 30 * DAY}, 48_000, 480),
        ({"used": 44_000, "sold": {"growth": 2_000}}, 132_000, 90 + 480),  # each at the price of its time
        ({"used": 42_000, "sold": {"growth": 2_000}, "now": START + 30 * DAY}, 42_000, 90),
    ],
)
def test_where_the_credits_are_heading_and_what_that_costs(changes, forecast, cents):
    bill = replace(BILL, **changes)
    assert (bill.forecast, bill.forecast_cents) == (forecast, cents)


@pytest.mark.parametrize(
    ("changes", "overage", "cents"),
    [
        ({"used": 40_000}, 0, 0),
        ({"used": 42_000}, 2_000, 120),
        ({"used": 42_000, "sold": {"growth": 2_000}}, 2_000, 90),
        ({"used": 44_000, "sold": {"growth": 2_000}}, 4_000, 90 + 120),
        ({"used": 30_000, "sold": {"growth": 2_000, "scale": 4_000}}, 6_000, 90 + 120),
    ],
)
def test_each_credit_beyond_costs_what_it_cost_when_it_was_used(changes, overage, cents):
    bill = replace(BILL, **changes)
    assert (bill.overage, bill.overage_cents) == (overage, cents)


@pytest.mark.parametrize(
    ("terms", "period", "is_unpaid"),
    [
        ({}, {}, False),
        ({}, {"unpaid": True}, True),
        ({"unpaid_since": START}, {}, True),
        ({}, {"plan": "free"}, True),
        ({"next_plan": "free"}, {"plan": "free"}, False),  # it was cancelled
        ({"plan": "free", "end": 0}, {"plan": "free"}, False),
    ],
)
def test_a_period_of_a_paid_plan_is_unpaid_where_nobody_has_paid_it(terms, period, is_unpaid):
    assert replace(BILL, terms=replace(TERMS, **terms), period=replace(PERIOD, **period)).unpaid is is_unpaid


def test_what_follows_and_what_stops_overage_are_told_of_a_plan_that_has_them():
    assert replace(BILL, terms=replace(TERMS, next_plan="free")).following == "free"
    assert replace(BILL, terms=replace(TERMS, next_plan="starter", end=0)).following == ""
    assert (BILL.overage_stopped_by, replace(BILL, terms=OWED).overage_stopped_by) == ("", "unpaid")
    assert replace(BILL, terms=replace(OWED, overage=False)).overage_stopped_by == ""
    assert (BILL.left, replace(BILL, used=60_000).left) == (40_000, 0)
