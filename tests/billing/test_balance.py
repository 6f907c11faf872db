"""The arithmetic of plans, balances and caps: pure tables (B9)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.workspaces import entitlements
from billing.charging import caps
from billing.charging.balance import Balance
from billing.plans import catalogue as plan_catalogue
from billing.plans import periods
from billing.plans.periods import Terms
from imgapis.base import clock


def test_the_catalogue_is_a_free_plan_and_three_that_grow():
    catalogue = list(plan_catalogue.CATALOGUE.values())
    assert [plan.paid for plan in catalogue] == [False, True, True, True]
    assert plan_catalogue.of("free").limits == entitlements.STARTING
    for smaller_plan, larger_plan in itertools.pairwise(catalogue):
        assert (
            smaller_plan.credits < larger_plan.credits
            and smaller_plan.monthly < larger_plan.monthly
            and smaller_plan.yearly < larger_plan.yearly
        )
        assert all(
            a < b for a, b in zip(vars(smaller_plan.limits).values(), vars(larger_plan.limits).values(), strict=True)
        )
    for plan in catalogue[1:]:
        assert plan.yearly == 10 * plan.monthly
        assert plan.overage * plan.credits / 1_000 > plan.monthly  # beyond the plan is dearer than within it


@pytest.mark.parametrize(
    ("tier", "halves", "cents"),
    [("starter", 0, 0), ("starter", 1, 0), ("starter", 2_000, 120), ("growth", 1_999, 89), ("free", 9_999, 0)],
)
def test_overage_is_sold_by_the_thousand(tier, halves, cents):
    assert plan_catalogue.of(tier).overage_cents(halves) == cents


@given(st.sampled_from(plan_catalogue.TIERS), st.integers(0, 10**8))
def test_an_amount_never_buys_more_than_it_pays_for(tier, cents):
    plan = plan_catalogue.of(tier)
    assert plan.overage_cents(plan.overage_halves(cents)) <= cents


@pytest.mark.parametrize(
    ("credits", "tier"), [(0, "free"), (1_000, "free"), (1_001, "starter"), (69_000, "starter"), (130_000, "growth")]
)
def test_the_cheapest_plan_counts_overage(credits, tier):
    assert plan_catalogue.cheapest_for(credits).tier == tier


@pytest.mark.parametrize(
    ("balance", "act", "after"),
    [
        (Balance(100, used=30), lambda b: b.with_allowance(150), Balance(150, used=30)),
        (Balance(150, used=30), lambda b: b.with_allowance(100), Balance(150, used=30)),
        (Balance(100, used=30), lambda b: b.with_grant(20), Balance(100, 20, used=30)),
        (Balance(100, used=30), lambda b: b.with_deduction(50), Balance(100, -50, used=30)),
        (Balance(100, used=30), lambda b: b.with_deduction(90), Balance(100, -70, used=30)),
        (Balance(100, room=50, used=120), lambda b: b.with_deduction(90), Balance(100, room=50, used=120)),
        (Balance(100, used=30), lambda b: b.with_room(50), Balance(100, room=50, used=30)),
        (Balance(100, used=30), lambda b: b.with_room(-90), Balance(100, room=-70, used=30)),
        (Balance(100, room=50, used=120), lambda b: b.with_room(0), Balance(100, room=20, used=120)),
    ],
)
def test_a_balance_changes_so(balance, act, after):
    assert act(balance) == after


AMOUNT = st.integers(0, 1_000)
ACTS = st.one_of(
    st.tuples(st.sampled_from(["with_allowance", "with_grant", "with_deduction"]), AMOUNT),
    st.tuples(st.just("with_room"), st.integers(-1_000, 1_000)),
    st.tuples(st.just("use"), AMOUNT),
)


@given(st.lists(ACTS, max_size=30))
def test_nothing_is_ever_below_zero(acts):
    """B9"""
    balance, room = Balance(100), 0
    for name, amount in acts:
        if name == "use":
            balance = Balance(balance.base, balance.extra, balance.room, balance.used + min(amount, balance.left))
        else:
            room = amount if name == "with_room" else room
            balance = getattr(balance, name)(amount).with_room(room)
        assert balance.left >= 0 and balance.granted == balance.used + balance.left
        assert balance.overage == max(0, balance.used - balance.included)


FREE = Terms()
STARTER = Terms("starter", 40_000, 1, 2e9)
OVERAGE = Terms("starter", 40_000, 1, 2e9, overage=True)


def with_caps(terms: Terms, *caps: tuple[str, str, int]) -> Terms:
    return Terms(terms.plan, terms.allowance, terms.start, terms.end, overage=terms.overage, caps=caps)


@pytest.mark.parametrize(
    ("terms", "room", "day"),
    [
        (FREE, 0, 1_000),
        (Terms(allowance=2), 0, 500),
        (STARTER, 0, 20_000),
        (OVERAGE, 31_666, 20_000),  # the plan's own price at 120 cents the thousand
        (with_caps(FREE, ("period", "credits", 400)), -1_200, 1_000),
        (with_caps(STARTER, ("period", "credits", 30_000)), 0, 20_000),
        (with_caps(OVERAGE, ("period", "credits", 30_000)), 20_000, 20_000),
        (with_caps(OVERAGE, ("period", "cents", 120)), 2_000, 20_000),
        (with_caps(STARTER, ("period", "cents", 120)), 0, 20_000),
        (with_caps(OVERAGE, ("period", "off", 0)), 400_000, 20_000),
        (with_caps(OVERAGE, ("day", "cents", 600)), 31_666, 10_000),
        (with_caps(STARTER, ("day", "credits", 10)), 0, 20),
        (with_caps(STARTER, ("day", "off", 0)), 0, None),
    ],
)
def test_caps_are_on_and_say_what_may_be_charged(terms, room, day):
    period = periods.at(terms, 1.9e9)
    assert (caps.room(terms, period, period.allowance), caps.daily_limit(terms, period)) == (room, day)


@pytest.mark.parametrize("begins", ["2027-10-31T08", "2027-12-30T08", "2028-02-29T08"])
def test_the_months_of_a_year_follow_one_another_and_end_with_it(begins):
    """B9: a day that a month lacks is back in the next one, and no hour is in none."""
    start = clock.moment_of_hour(begins)
    end, moment = clock.months_after(start, 12), start
    for month in range(12):
        period = periods.at(Terms("starter", 40_000, start, end, "year"), moment)
        assert (period.starts, period.ends) == (moment, clock.months_after(start, month + 1))
        moment = period.ends
    assert moment == end
