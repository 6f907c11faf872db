"""The nightly proof: agreement is seen, disagreement is seen too, and a wrong sum is mended (issue: one stream)."""

import secrets

import pytest

from accounts.workspaces import workspaces
from billing.charging import credits, ledger
from billing.models import Counter, LedgerProof, proofs
from billing.plans import periods
from billing.plans.periods import Terms
from imgapis.base import clock
from imgapis.site import status
from imgapis.work import nightly
from telemetry import rollups, sums
from tests.billing.test_charge import bill

pytestmark = pytest.mark.usefixtures("dynamodb")
TERMS = Terms(allowance=100)


@pytest.fixture
def charged():
    """A workspace that was charged three times, its hour added up."""
    row = workspaces.create_unowned(namespace=f"proved-{secrets.token_hex(5)}", allowance=100)
    for _ in range(3):
        credits.charge(bill(row.workspace_id), TERMS)
    rollups.rebuild_hour(row.workspace_id, clock.hour(clock.now()))
    return row


def test_events_counter_and_rollups_agree(charged):
    (proof,) = ledger.prove(charged.workspace_id)
    assert (proof.events, proof.used, proof.rolled, proof.is_valid, proof.rollups_match) == (6, 6, 6, True, True)


def test_a_counter_that_lies_is_seen(charged):
    period = periods.at(TERMS, clock.now()).name
    Counter(charged.workspace_id, period).update(actions=[Counter.used.add(1)])
    (proof,) = ledger.prove(charged.workspace_id)
    assert not proof.is_valid


def test_sums_that_are_late_are_marked_and_mended(charged):
    credits.charge(bill(charged.workspace_id), TERMS)
    (proof,) = ledger.prove_all([charged.workspace_id])
    assert proof.is_valid and not proof.rollups_match
    rollups.process_due()
    (proof,) = ledger.prove(charged.workspace_id)
    assert proof.rollups_match


def test_one_worker_a_night_makes_the_proof(charged):
    row = LedgerProof(proofs.LEDGER)
    row.update(actions=[LedgerProof.due.set(0)])
    assert nightly.prove_ledger() and not nightly.prove_ledger()
    assert proofs.last().periods >= 1


@pytest.mark.parametrize(("broken", "state"), [(0, "ok"), (2, "bad")])
def test_the_status_page_says_what_the_proof_said(charged, broken, state):
    LedgerProof(proofs.LEDGER).update(actions=[LedgerProof.due.set(clock.now() + 9_999)])
    proofs.save(clock.now(), 5, broken)
    assert status._ledger(proofs.last()).state == state


def test_a_month_whose_rows_lie_is_seen_and_mended(charged, monkeypatch):
    """The year of the usage page rests on rows of months: they are held to their days, and these to the ledger."""
    month, now = clock.month(clock.now()), clock.now()
    monkeypatch.setattr(clock, "now", lambda: clock.months_after(now, 1) + 4 * 86_400)
    (proof,) = ledger.prove(charged.workspace_id)
    assert (proof.missing_months, proof.wrong_months, proof.rollups_match) == ((month,), (), True)
    rollups._replace(
        charged.workspace_id, f"m {month}", {"": {sums.CellKey("transform", "miss", 200): sums.Sums(9, 9, 9)}}
    )
    (proof,) = ledger.prove_all([charged.workspace_id])
    assert (proof.missing_months, proof.wrong_months, proof.rollups_match) == ((), (month,), False)
    (proof,) = ledger.prove(charged.workspace_id)
    assert (proof.missing_months, proof.wrong_months, proof.rollups_match) == ((), (), True)
    assert rollups.month_sums(charged.workspace_id, month)[0].cost == 6
