"""The charge: once, never below zero, never without work, proven by the ledger."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.workspaces import workspaces
from billing.charging import credits, ledger
from billing.charging.charges import Charge
from billing.models import claims
from billing.plans.periods import Terms
from imgapis.base import clock, tokens
from telemetry import display
from telemetry.events import RequestEvent
from tests.crowds import settled

YEAR = 365 * 86400
POOR, RICH = Terms(allowance=2), Terms(allowance=2_000)


def bill(workspace_id: str, *, cost: int = 2, digest: str | None = None, moment: float | None = None) -> Charge:
    """A charge of `cost` half-credits, by default for a new operation now."""
    moment = moment or clock.now()
    event = RequestEvent(workspace_id, tokens.time_ordered_id(moment), "transform", "miss", "", 200, 1000, 20, cost)
    return Charge(event, digest or secrets.token_hex(32), YEAR, moment)


@pytest.fixture
def poor(dynamodb):
    """A workspace with one credit."""
    return workspaces.create_unowned(namespace=f"poor-{secrets.token_hex(6)}", allowance=2)


def proof(row):
    """The ledger of the workspace's only period."""
    (period_proof,) = ledger.prove(row.workspace_id)
    return period_proof


def test_it_works(poor):
    assert credits.charge(bill(poor.workspace_id), POOR) == 2
    assert (proof(poor).used, proof(poor).left, proof(poor).is_valid) == (2, 0, True)


def test_one_operation_is_charged_once_however_often_it_is_made(poor):
    """B1"""
    digest = secrets.token_hex(32)
    assert credits.charge(bill(poor.workspace_id, digest=digest), POOR) == 2
    assert credits.charge(bill(poor.workspace_id, digest=digest), POOR) == 0
    assert proof(poor).used == 2


@pytest.mark.races
def test_fifty_at_once_of_one_operation_are_one_charge(workspace):
    """B1"""
    digest = secrets.token_hex(32)
    with ThreadPoolExecutor(50) as threads:
        amounts = list(threads.map(lambda _: _try(bill(workspace.workspace_id, digest=digest), RICH), range(50)))
    assert sum(halves for halves in amounts if halves) == 2
    assert proof(workspace).used == 2 and proof(workspace).is_valid


@pytest.mark.races
def test_a_hundred_at_once_with_one_credit_left_have_one_winner(poor):
    """B2"""
    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(lambda _: _try(bill(poor.workspace_id), POOR), range(100)))
    assert outcomes.count(2) == 1
    assert outcomes.count(None) == 99
    assert (proof(poor).left, proof(poor).is_valid) == (0, True)


def _try(charge: Charge, terms: Terms) -> int | None:
    try:
        return settled(lambda: credits.charge(charge, terms))
    except credits.OutOfCredits:
        return None


def test_our_own_lost_reply_is_answered_as_charged(poor):
    """B5: the same event again, however late."""
    charge = bill(poor.workspace_id)
    assert credits.charge(charge, POOR) == 2
    assert credits.charge(charge, POOR) == 2
    assert proof(poor).used == 2


def test_an_expired_claim_that_is_still_there_is_new_work(workspace):
    """B8: TTL only sweeps."""
    digest = secrets.token_hex(32)
    expired_at = clock.now() - YEAR - 60
    credits.charge(bill(workspace.workspace_id, digest=digest, moment=expired_at), RICH)
    assert credits.charge(bill(workspace.workspace_id, digest=digest), RICH) == 2


def test_a_claim_in_life_makes_the_work_free_with_nothing_left(poor):
    digest = secrets.token_hex(32)
    credits.charge(bill(poor.workspace_id, digest=digest), POOR)
    credits.require_credits(bill(poor.workspace_id, digest=digest), POOR)
    with pytest.raises(credits.OutOfCredits):
        credits.require_credits(bill(poor.workspace_id), POOR)


def test_two_workspaces_pay_each_for_themselves(workspace, stranger):
    digest = secrets.token_hex(32)
    for row in (workspace, stranger):
        assert credits.charge(bill(row.workspace_id, digest=digest), RICH) == 2


def test_a_purge_makes_the_next_request_new_work(workspace):
    digest = secrets.token_hex(32)
    first_charge = bill(workspace.workspace_id, digest=digest)
    credits.charge(first_charge, RICH)
    second_charge = bill(workspace.workspace_id, digest=digest)
    charge_after_purge = Charge(
        second_charge.event, digest, YEAR, second_charge.moment, purged_before=second_charge.moment
    )
    assert claims.find_live(workspace.workspace_id, digest, second_charge.moment, second_charge.moment) is None
    assert credits.charge(charge_after_purge, RICH) == 2


def of_pictures(workspace_id: str, pictures: list[str], digest: str | None = None) -> Charge:
    """A charge of several pictures at 4 half-credits each."""
    charge = bill(workspace_id, cost=4 * len(pictures), digest=digest)
    sources = tuple(claims.OF_SOURCE + secrets.token_hex(32) for _ in pictures) if len(pictures) > 1 else ()
    return replace(charge, pictures=tuple(pictures), sources=sources)


def digests(count: int) -> list[str]:
    return [claims.OF_PICTURE + secrets.token_hex(32) for _ in range(count)]


def test_what_was_paid_is_charged_once_whatever_the_address(workspace):
    """H4, B1: two operations that come to one picture."""
    pictures = digests(1)
    amounts = [credits.charge(of_pictures(workspace.workspace_id, pictures), RICH) for _ in range(3)]
    assert amounts == [4, 0, 0] and proof(workspace).used == 4


def test_of_several_pictures_only_the_new_ones_are_charged(workspace):
    """H3: a grid of two, then of five with these two in it."""
    pictures = digests(5)
    assert credits.charge(of_pictures(workspace.workspace_id, pictures[1:3]), RICH) == 8
    charge = of_pictures(workspace.workspace_id, pictures)
    assert credits.charge(charge, RICH) == 12
    assert credits.charge(charge, RICH) == 12  # B5: our own lost reply, at what it had cost
    assert credits.charge(of_pictures(workspace.workspace_id, pictures), RICH) == 0
    assert proof(workspace).used == 20 and proof(workspace).is_valid
    live = claims.live_digests(workspace.workspace_id, [*charge.sources, charge.digest], clock.now())
    assert live == {charge.digest, charge.sources[0], charge.sources[3], charge.sources[4]}


@pytest.mark.races
def test_fifty_at_once_of_overlapping_pictures_pay_each_once(workspace):
    """H3, B1"""
    pictures = digests(5)
    groups = [pictures[:3], pictures[2:], pictures, pictures[1:4], pictures[:1]] * 6
    charges = [of_pictures(workspace.workspace_id, group) for group in groups]
    with ThreadPoolExecutor(30) as threads:
        list(threads.map(lambda charge: until_settled(charge), charges))
    assert proof(workspace).used == 20 and proof(workspace).is_valid


def until_settled(charge: Charge) -> int:
    """The charge, asked again as a client does where a crowd holds its rows."""
    for _ in range(20):
        try:
            return credits.charge(charge, RICH)
        except credits.ChargeUnavailable:
            continue
    raise AssertionError("never settled")


def test_what_the_balance_does_not_cover_is_not_charged_in_part(poor):
    """H3, B2: two half-credits are left, four are asked for."""
    pictures = digests(2)
    with pytest.raises(credits.OutOfCredits):
        credits.charge(of_pictures(poor.workspace_id, pictures), POOR)
    assert claims.live_digests(poor.workspace_id, pictures, clock.now()) == frozenset() and proof(poor).used == 0


def test_operations_are_counted_by_their_addresses(workspace):
    """H3: the claims of pictures and of sources are none."""
    for count in (1, 2, 5):
        credits.charge(of_pictures(workspace.workspace_id, digests(count)), RICH)
    assert claims.count_live(workspace.workspace_id, clock.now(), 0, 100) == 3


@given(st.integers(0, 10**9))
def test_halves_are_shown_without_loss(halves):
    whole, dot, half = display.decimal_credits(halves).partition(".")
    assert int(whole) * 2 + (half == "5") == halves and (dot == "") == (halves % 2 == 0)
