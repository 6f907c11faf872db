"""What the proof of the ledger sees: each of its sums and conditions by itself."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.charging import credits, ledger
from billing.charging.ledger import Proof
from billing.models import Counter, Grant
from billing.plans.periods import Terms
from imgapis.base import clock
from telemetry import rollups
from telemetry.models import DirtyHour
from telemetry.sums import CellKey, Sums
from tests.billing.test_charge import bill

DAY = 86_400
HOUR = 3_600
CELL = CellKey("transform", "miss", 200)
MIDNIGHT = clock.moment_of_hour("2026-11-10T00")


@pytest.fixture
def workspace_id(dynamodb) -> str:
    """The id of a workspace of which nothing is stored."""
    return f"w_{secrets.token_hex(8)}"


@pytest.mark.parametrize(
    ("changes", "is_valid", "rollups_match"),
    [
        ({}, True, True),
        ({"events": 5}, False, False),
        ({"events": 3}, False, False),
        ({"granted": 11}, False, True),
        ({"granted": 9}, False, True),
        ({"granted": 3, "left": -1}, False, True),
        ({"given": 1}, False, True),
        ({"extra": 1}, False, True),
        ({"given": 2, "extra": 2}, True, True),
        ({"counters_consistent": False}, False, True),
        ({"rolled": 3}, True, False),
        ({"wrong_months": ("2026-10",)}, True, False),
        ({"missing_months": ("2026-10",)}, True, True),
    ],
)
def test_a_proof_holds_where_every_sum_agrees(changes, is_valid, rollups_match):
    sums = {"granted": 10, "used": 4, "left": 6, "events": 4, "rolled": 4} | changes
    proof = Proof("w", "2026-11-01T00Z", **sums)
    assert (proof.is_valid, proof.rollups_match) == (is_valid, rollups_match)


@pytest.mark.parametrize(
    ("changes", "is_consistent"),
    [
        ({}, True),
        ({"used": 5}, False),
        ({"left": 5}, False),
        ({"granted": 20, "left": 16}, False),
        ({"base": 9}, False),
        ({"extra": 3}, False),
        ({"room": 0}, False),
        ({"used": 14, "left": -1}, False),
        ({"base": None, "extra": 0, "room": 0}, True),  # one from before there were plans
    ],
)
def test_a_counter_is_the_sum_of_its_parts(changes, is_consistent):
    parts = {"granted": 13, "used": 4, "left": 9, "base": 10, "extra": 2, "room": 1} | changes
    assert ledger._is_consistent(Counter("w", "2026-11-01T00Z", **parts)) is is_consistent


@pytest.mark.parametrize(
    ("spans", "groups"),
    [
        ((("2026-11-01T00Z", "2026-12-01T00"), ("2026-12-01T00Z", "2027-01-01T00")), [1, 1]),
        ((("2026-11-01T00Z", "2026-12-01T00"), ("2026-11-15T10Z", "2026-12-15T10")), [2]),
        ((("2026-11-01T00Z", None), ("2026-11-30T23Z", "2026-12-30T23"), ("2026-12-30T22Z", "2027-01-05T00")), [3]),
        ((("2026-11-01T00Z", None), ("2026-11-05T00Z", "2026-11-06T00"), ("2026-11-20T00Z", "2026-12-20T00")), [3]),
        ((("2026-11-01T00Z", None), ("2026-12-01T00Z", None), ("2026-12-01T01Z", "2027-01-01T01")), [1, 2]),
    ],
)
def test_periods_that_overlap_are_proven_as_one(spans, groups):
    """A charge of those seconds stands in the one or in the other."""
    counters = [
        Counter("w", period, granted=0, left=0, ends=ends and clock.moment_of_hour(ends)) for period, ends in spans
    ]
    assert [len(group) for group in ledger._overlapping_groups(counters)] == groups


def add_up(workspace_id: str, halves_by_hour: dict[float, int]) -> None:
    """Write the sums of hours, with those of their days."""
    halves_by_day: dict[str, int] = {}
    for moment, halves in halves_by_hour.items():
        rollups._replace(workspace_id, f"h {clock.hour(moment)}", {"": {CELL: Sums(1, halves, 9)}})
        halves_by_day[clock.day(moment)] = halves_by_day.get(clock.day(moment), 0) + halves
    for day, halves in halves_by_day.items():
        rollups._replace(workspace_id, f"d {day}", {"": {CELL: Sums(1, halves, 9)}})


@pytest.mark.parametrize(
    ("first", "last", "halves"),
    [
        (0, 23, 1),
        (10, 20, 0),
        (10, 24, 2),
        (0, 24, 3),
        (23, 25, 2 + 4),
        (24, 48, 4 + 8),
        (10, 53, 2 + 4 + 8),
        (10, 54, 2 + 4 + 8 + 16),
        (1, 96, 2 + 4 + 8 + 16),
        (0, 53, 1 + 2 + 4 + 8),
    ],
)
def test_the_sums_of_a_span_are_those_of_its_days_and_of_the_hours_at_its_ends(workspace_id, first, last, halves):
    """At 0, 23, 24, 47 and 53 o'clock, counted from the first midnight."""
    add_up(workspace_id, {MIDNIGHT + hour * HOUR: 2**place for place, hour in enumerate((0, 23, 24, 47, 53))})
    assert ledger._rolled(workspace_id, MIDNIGHT + first * HOUR, MIDNIGHT + last * HOUR) == halves


def store_period(workspace_id: str, starts: float, used: int) -> None:
    """Write the counter of ten days that begin at a moment."""
    parts = {"granted": 100, "used": used, "left": 100 - used, "base": 100}
    Counter(workspace_id, clock.period_name(starts), ends=starts + 10 * DAY, **parts).save()


@pytest.mark.parametrize(("halves", "is_valid"), [(6, True), (5, False)])
def test_a_period_whose_events_have_ended_is_proven_by_its_sums(workspace_id, halves, is_valid):
    starts = clock.now() // DAY * DAY - 200 * DAY
    store_period(workspace_id, starts, 6)
    add_up(workspace_id, {starts + 3 * DAY: halves})
    (proof,) = ledger.prove_all([workspace_id])
    assert (proof.events, proof.rolled, proof.is_valid) == (halves, halves, is_valid)
    marks = [row for shard in range(rollups.SHARDS) for row in DirtyHour.query(str(shard))]
    assert not any(workspace_id in row.place for row in marks), "what cannot be added up again is not marked"


def test_the_events_of_a_period_are_held_to_its_counter_and_to_nothing_before_or_after_it(workspace, monkeypatch):
    terms = Terms("starter", 40_000, MIDNIGHT, MIDNIGHT + 10 * DAY)
    monkeypatch.setattr(clock, "now", lambda: MIDNIGHT + 5 * DAY)
    for moment in (MIDNIGHT, MIDNIGHT + 10 * DAY - 1, MIDNIGHT + 10 * DAY):
        assert credits.charge(bill(workspace.workspace_id, moment=moment), terms) == 2
    proofs = ledger.prove(workspace.workspace_id)
    assert [(proof.used, proof.events, proof.is_valid) for proof in proofs] == [(4, 4, True), (2, 2, True)]


def test_grants_are_held_to_the_period_they_were_given_in(workspace_id):
    starts = clock.now() // DAY * DAY - 20 * DAY
    for number in range(2):
        store_period(workspace_id, starts + number * 10 * DAY, 0)
    grant = {"halves": 5, "reason": "r", "actor": "a", "moment": 1}
    Grant(workspace_id, "g", period=clock.period_name(starts + 10 * DAY), **grant).save()
    proofs = ledger.prove(workspace_id)
    assert [(proof.given, proof.is_valid) for proof in proofs] == [(0, True), (5, False)]


def test_a_month_that_is_over_is_added_up_where_it_was_not_and_an_empty_one_is_not_missing(dynamodb):
    row = workspaces.create_unowned(namespace=f"months-{secrets.token_hex(5)}", allowance=100)
    starts = clock.moment_of_hour("2026-01-05T00")
    store_period(row.workspace_id, starts, 6)
    store_period(row.workspace_id, clock.moment_of_hour("2026-03-05T00"), 0)
    add_up(row.workspace_id, {starts: 6})
    proofs = ledger.prove_all([row.workspace_id])
    assert [proof.missing_months for proof in proofs] == [("2026-01",), ()]
    assert rollups.month_sums(row.workspace_id, "2026-01")[0].cost == 6
    assert [proof.missing_months for proof in ledger.prove(row.workspace_id)] == [(), ()]
