"""The charge: once, never below zero, never without work, proven by the ledger."""

import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.workspaces import workspaces
from billing import store
from billing.charging import credits, ledger
from billing.plans.periods import Terms
from billing.store import Charge
from imgapis.base import clock, tokens
from telemetry import display
from telemetry.events import RequestEvent
from tests.crowds import settled

YEAR = 365 * 86400
POOR, RICH = Terms(allowance=2), Terms(allowance=2_000)


def bill(workspace_id: str, *, cost: int = 2, digest: str | None = None, moment: float | None = None) -> Charge:
    """A charge of `cost` half-credits, by default for a new operation now."""
    moment = moment or clock.now()
    event = RequestEvent(
        workspace_id, tokens.time_ordered_id(moment), "transform", "miss", "", 200, 1000, 20, cost
    )  # fmt: skip
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


def test_fifty_at_once_of_one_operation_are_one_charge(workspace):
    """B1"""
    digest = secrets.token_hex(32)
    with ThreadPoolExecutor(50) as threads:
        amounts = list(threads.map(lambda _: _try(bill(workspace.workspace_id, digest=digest), RICH), range(50)))
    assert sum(halves for halves in amounts if halves) == 2
    assert proof(workspace).used == 2 and proof(workspace).is_valid


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
    assert store.live_claim(workspace.workspace_id, digest, second_charge.moment, second_charge.moment) is None
    assert credits.charge(charge_after_purge, RICH) == 2


@given(st.integers(0, 10**9))
def test_halves_are_shown_without_loss(halves):
    whole, dot, half = display.decimal_credits(halves).partition(".")
    assert int(whole) * 2 + (half == "5") == halves and (dot == "") == (halves % 2 == 0)
