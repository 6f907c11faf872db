"""The nightly proof: every period of every workspace, by one worker at a time, its result kept for /status."""

import logging

from accounts.models import Workspace
from billing import gateway, ledger, overage, reconcile, store
from imgapis.base import clock
from imgapis.base.errors import Refusal

DAY_SECONDS = 86_400
log = logging.getLogger("imgapis.nightly")


def prove() -> bool:
    """Make the proof if it is due; whether it was made."""
    now = clock.now()
    if not store.claim_proof(now, now + DAY_SECONDS):
        return False
    proofs = ledger.prove_all(row.workspace_id for row in Workspace.scan())
    broken = sum(not proof.holds for proof in proofs)
    store.keep_proof(now, len(proofs), broken)
    if broken:
        log.error("ledger_broken", extra={"count": broken})
    _stripe()
    return True


def _stripe() -> None:
    """Compare with Stripe; its being away leaves it for the next night, or for `manage.py reconcile_stripe`."""
    try:
        reconcile.due()
    except Refusal:
        log.warning("stripe_not_compared")


def tell_meter() -> None:
    """Tell Stripe's meter of overage, where payments are set up; its being away leaves it for the next round."""
    try:
        if gateway.configured():
            overage.report_all()
    except Refusal:
        log.warning("overage_not_reported")
