"""A workspace row updated to its subscription at Stripe: once, in any order, with its credits (B9, B12, B15)."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.models.workspaces import WorkspaceGone
from accounts.workspaces import entitlements, workspaces
from billing.charging import credits, entitlement_change, grants, ledger
from billing.models import Grant, counters
from billing.plans import catalogue, periods
from billing.stripe import subscription_state
from billing.stripe.subscription_state import Entitlement
from imgapis.base import clock, dynamo
from tests.billing.test_charge import bill

DAY = 86_400
REASON = "the invoice was wrong"


@pytest.fixture
def customer(dynamodb):
    """A workspace on the free plan."""
    return workspaces.create_unowned(namespace=f"stands-{secrets.token_hex(6)}", allowance=catalogue.of("free").halves)


def paid(tier: str, *, days: float = -1, **more) -> Entitlement:
    """A subscription whose month began some days ago."""
    start = clock.now() + days * DAY
    return Entitlement(tier, "active", start, start + 30 * DAY, read_at=clock.now(), **more)


def row_of(workspace):
    return workspace_rows.find(workspace.workspace_id)


def counter_of(workspace):
    """The counter of the running period."""
    period = periods.at(periods.terms_of(row_of(workspace)), clock.now())
    return counters.find(workspace.workspace_id, period.name)


def test_it_works(customer):
    subscription_state.apply(customer.workspace_id, paid("growth"))
    row, counter = row_of(customer), counter_of(customer)
    assert (row.plan, row.billing_state, int(row.allowance)) == ("growth", "active", 240_000)
    assert entitlements.of(row) == catalogue.of("growth").limits
    assert (counter.granted, counter.used, counter.left, counter.base) == (240_000, 0, 240_000, 240_000)


def test_a_period_starts_on_a_whole_hour(customer):
    subscription_state.apply(customer.workspace_id, paid("starter"))
    assert int(row_of(customer).period_start) % 3600 == 0 and int(row_of(customer).period_end) % 3600 == 0


def test_the_same_standing_ten_times_at_once_is_one_standing(customer):
    """B11"""
    current = paid("starter")
    with ThreadPoolExecutor(10) as threads:
        list(threads.map(lambda _: subscription_state.apply(customer.workspace_id, current), range(10)))
    assert (counter_of(customer).granted, row_of(customer).plan) == (40_000, "starter")


def test_an_upgrade_adds_the_difference_at_once_and_keeps_what_is_used(customer):
    """B9"""
    current = paid("starter")
    subscription_state.apply(customer.workspace_id, current)
    credits.charge(bill(customer.workspace_id), periods.terms_of(row_of(customer)))
    subscription_state.apply(
        customer.workspace_id, Entitlement("scale", "active", current.start, current.end, read_at=clock.now())
    )
    counter = counter_of(customer)
    assert (counter.granted, counter.used, counter.left) == (1_200_000, 2, 1_199_998)


def test_within_a_period_nothing_becomes_less(customer):
    current = paid("scale")
    subscription_state.apply(customer.workspace_id, current)
    subscription_state.apply(
        customer.workspace_id, Entitlement("starter", "active", current.start, current.end, read_at=clock.now())
    )
    assert (row_of(customer).plan, int(row_of(customer).allowance), counter_of(customer).granted) == (
        "starter",
        40_000,
        1_200_000,
    )


@pytest.mark.parametrize("state", ["canceled", "unpaid", "incomplete", "incomplete_expired", "paused"])
def test_a_subscription_that_is_not_served_is_the_free_plan(customer, state):
    """B15"""
    current = paid("growth")
    subscription_state.apply(customer.workspace_id, current)
    subscription_state.apply(
        customer.workspace_id, Entitlement("growth", state, current.start, current.end, read_at=clock.now())
    )
    row = row_of(customer)
    assert (row.plan, int(row.allowance), row.period_end, entitlements.of(row)) == (
        "free",
        2_000,
        0,
        entitlements.STARTING,
    )
    assert counter_of(customer).granted == 2_000


def test_past_due_keeps_service(customer):
    """B15"""
    current = paid("growth")
    subscription_state.apply(
        customer.workspace_id, Entitlement("growth", "past_due", current.start, current.end, read_at=clock.now())
    )
    assert row_of(customer).plan == "growth"


def test_an_older_answer_of_stripe_changes_nothing(customer):
    """B12"""
    older_answer = Entitlement("free", "canceled", read_at=clock.now())
    subscription_state.apply(customer.workspace_id, paid("growth"))
    subscription_state.apply(customer.workspace_id, older_answer)
    assert row_of(customer).plan == "growth"


def test_a_claim_of_the_callers_that_is_taken_undoes_everything(customer):
    """B11"""
    claim = Grant("events", secrets.token_hex(8), period="", halves=0, reason="", actor="", moment=0)

    def within(transaction: dynamo.Transaction) -> None:
        transaction.save(claim, if_absent=True)

    subscription_state.apply(customer.workspace_id, paid("starter"), within)
    with pytest.raises(entitlement_change.AlreadyApplied):
        subscription_state.apply(customer.workspace_id, paid("growth"), within)
    assert row_of(customer).plan == "starter"


def test_an_erased_workspace_is_not_made_again(customer):
    """D8"""
    workspace_rows.find(customer.workspace_id).delete()
    for act in (
        lambda: subscription_state.apply(customer.workspace_id, paid("growth")),
        lambda: grants.grant(customer.workspace_id, 2, REASON, "staff:1"),
        lambda: credits.charge(bill(customer.workspace_id), periods.Terms()),
    ):
        with pytest.raises(WorkspaceGone):
            act()
    assert workspace_rows.find(customer.workspace_id) is None
    assert not list(counters.periods(customer.workspace_id))


def test_a_grant_is_on_record_and_in_the_proof(customer):
    grant = grants.grant(customer.workspace_id, 100, REASON, "staff:1")
    (proof,) = ledger.prove(customer.workspace_id)
    assert (grant.halves, counter_of(customer).left, proof.given, proof.extra) == (100, 2_100, 100, 100)
    assert proof.is_valid
    Grant(customer.workspace_id, grant.grant_id).delete()
    assert not ledger.prove(customer.workspace_id)[0].is_valid


def test_a_grant_of_one_id_is_given_once(customer):
    for _ in range(2):
        try:
            grants.grant(customer.workspace_id, 100, REASON, "stripe", grant_id="re_1")
        except entitlement_change.AlreadyApplied:
            continue
    assert counter_of(customer).left == 2_100


@pytest.mark.parametrize(("used", "halves", "expected"), [(0, 500, 500), (1_900, 500, 100), (2_000, 500, 0)])
def test_no_more_is_taken_back_than_is_unused(customer, used, halves, expected):
    """B15"""
    for _ in range(used // 100):
        credits.charge(bill(customer.workspace_id, cost=100), periods.Terms(caps=(("day", "off", 0),)))
    grant = grants.take_back(customer.workspace_id, halves, REASON, "stripe")
    assert (grant.halves, counter_of(customer).left) == (-expected, 2_000 - used - expected)
    assert ledger.prove(customer.workspace_id)[0].is_valid


@pytest.mark.parametrize(
    ("halves", "reason"), [(0, REASON), (-2, REASON), (2, "short"), (2, " " * 20), (10**9, REASON)]
)
def test_a_grant_needs_a_reason_and_an_amount(customer, halves, reason):
    with pytest.raises(grants.InvalidGrant):
        grants.grant(customer.workspace_id, halves, reason, "staff:1")


def test_charges_beside_a_change_of_plan_are_in_the_sum_once(customer):
    """B9: what stale servers still book on the old period is proven with the new one."""
    stale_terms = periods.terms_of(row_of(customer))
    credits.charge(bill(customer.workspace_id), stale_terms)
    subscription_state.apply(customer.workspace_id, paid("growth", days=-0.01))
    credits.charge(bill(customer.workspace_id), stale_terms)
    credits.charge(bill(customer.workspace_id), periods.terms_of(row_of(customer)))
    (proof,) = ledger.prove(customer.workspace_id)
    assert (proof.used, proof.events, proof.is_valid) == (6, 6, True)


def when(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


MONTH = periods.Terms("growth", 240_000, when("2026-11-15T10:00"), when("2026-12-15T10:00"))
YEAR = periods.Terms("growth", 240_000, when("2027-01-31T10:00"), when("2028-01-31T10:00"), "year")
FREE = periods.Terms()


@pytest.mark.parametrize(
    ("terms", "moment", "name", "plan"),
    [
        (FREE, "2026-11-30T23:59", "2026-11-01T00Z", "free"),
        (FREE, "2026-12-01T00:00", "2026-12-01T00Z", "free"),
        (MONTH, "2026-11-15T10:00", "2026-11-15T10Z", "growth"),
        (MONTH, "2026-12-15T09:59", "2026-11-15T10Z", "growth"),
        (MONTH, "2026-12-15T10:00", "2026-12-15T10Z", "growth"),  # Stripe's renewal has not arrived: three days' grace
        (MONTH, "2026-12-18T09:59", "2026-12-15T10Z", "growth"),
        (MONTH, "2026-12-18T10:00", "2026-12-01T00Z", "free"),
        (YEAR, "2027-02-28T09:59", "2027-01-31T10Z", "growth"),
        (YEAR, "2027-02-28T10:00", "2027-02-28T10Z", "growth"),
        (YEAR, "2027-03-31T10:00", "2027-03-31T10Z", "growth"),
        (YEAR, "2028-01-31T09:59", "2027-12-31T10Z", "growth"),
    ],
)
def test_a_moment_belongs_to_one_period(terms, moment, name, plan):
    """B9"""
    period = periods.at(terms, when(moment))
    assert (period.name, period.plan) == (name, plan) and period.ends > when(moment)


@pytest.mark.parametrize(("following", "plan", "halves"), [("free", "free", 2_000), ("starter", "starter", 1_290)])
def test_what_is_scheduled_follows_at_the_end_without_grace(following, plan, halves):
    """B9, H6: downgrade at period end, with a day's share until it is paid."""
    terms = periods.Terms("growth", 240_000, MONTH.start, MONTH.end, next_plan=following)
    period = periods.at(terms, MONTH.end)
    assert (period.plan, period.allowance) == (plan, halves)
    assert periods.at(terms, MONTH.end - 1).plan == "growth"


def test_a_renewal_that_arrives_late_finds_its_period_open_and_gives_nothing_twice(customer):
    """B9"""
    start, end = clock.now() - 31 * DAY, clock.now() - DAY
    subscription_state.apply(customer.workspace_id, Entitlement("starter", "active", start, end, read_at=clock.now()))
    credits.charge(bill(customer.workspace_id), periods.terms_of(row_of(customer)))
    subscription_state.apply(
        customer.workspace_id, Entitlement("starter", "active", end, end + 30 * DAY, read_at=clock.now())
    )
    counter = counter_of(customer)
    assert (counter.granted, counter.used, counter.left) == (40_000, 2, 39_998)
    assert all(proof.is_valid for proof in ledger.prove(customer.workspace_id))
