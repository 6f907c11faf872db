"""What is gone through each night, workspace by workspace and by one worker at a time: the proof of the ledger, which
/status shows, and the comparison with Stripe. What a round does not come to is the next one's."""

import logging
from collections.abc import Callable, Iterable

from accounts.models import workspaces
from billing.charging import ledger
from billing.models import proofs as proof_rows
from billing.stripe import customers, gateway, overage, reconcile
from imgapis.base import clock, rounds

PAUSE_SECONDS = 3_600.0  # after an error, which may be of a store or of Stripe
log = logging.getLogger("imgapis.nightly")


def prove_ledger(seconds: float = rounds.UNLIMITED) -> bool:
    """Work on the proof for as many seconds, if it is due; returns whether it was."""
    return _go_on(proof_rows.LEDGER, workspaces.iter_ids, _prove, seconds)


def compare_stripe(seconds: float = rounds.UNLIMITED) -> bool:
    """Compare with Stripe for as many seconds, if that is due and payments are set up; returns whether it was. A
    customer that fails keeps no other back, and is compared in the next night or by `manage.py reconcile_stripe`. Where
    some in a row have no answer Stripe may be away: the comparison goes on behind them after a pause."""
    try:
        return gateway.configured() and _go_on(proof_rows.STRIPE, _customers, reconcile.Round().compare_one, seconds)
    except overage.FAULTS:
        log.warning("stripe_not_compared")
        return False


def _go_on(
    name: str, list_workspaces: Callable[[], Iterable[str]], check: Callable[[str], tuple[int, int]], seconds: float
) -> bool:
    """Check workspaces in the order of their ids from where the last round ended, if it is due; `check` returns how
    much it looked at, and how much of that was wrong. What it raises ends the round; the next one begins behind that
    workspace, so that none hides the others for ever."""
    budget, now = rounds.Budget(seconds), clock.now()
    if not proof_rows.claim(now, now + clock.DAY, name):
        return False
    row = proof_rows.require(name)
    reached, periods, broken = row.reached, int(row.periods_so_far), int(row.broken_so_far)
    left = sorted(workspace_id for workspace_id in list_workspaces() if workspace_id > reached)
    for workspace_id in budget.within(left):
        try:
            checked_count, wrong_count = check(workspace_id)
        except Exception:
            proof_rows.pause(clock.now() + PAUSE_SECONDS, workspace_id, periods, broken, name)
            raise
        reached, periods, broken = workspace_id, periods + checked_count, broken + wrong_count
    if left and reached < left[-1]:
        proof_rows.pause(clock.now(), reached, periods, broken, name)
    else:
        proof_rows.save(now, periods, broken, name)
    return True


def _prove(workspace_id: str) -> tuple[int, int]:
    proofs = ledger.prove_all([workspace_id])
    broken_count = sum(not proof.is_valid for proof in proofs)
    if broken_count:
        log.error("ledger_broken", extra={"count": broken_count})
    return len(proofs), broken_count


def _customers() -> Iterable[str]:
    return (row.workspace_id for row in customers.iter_all())


def report_overage(seconds: float = rounds.UNLIMITED) -> None:
    """Report overage to Stripe's meter for as many seconds, where payments are set up; the next run does what failed in
    this one, or was left."""
    if gateway.configured():
        overage.report_all(seconds)
