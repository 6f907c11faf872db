"""The nightly proof of the ledger: every period of every workspace, by one worker at a time; /status shows it."""

import logging

from accounts import store as accounts_store
from billing import store
from billing.charging import ledger
from billing.stripe import gateway, overage, reconcile
from imgapis.base import clock
from imgapis.base.errors import ApiError

log = logging.getLogger("imgapis.nightly")


def prove_ledger() -> bool:
    """Run the proof if it is due; returns whether it ran."""
    now = clock.now()
    if not store.claim_proof(now, now + clock.DAY):
        return False
    proofs = ledger.prove_all(accounts_store.iter_workspace_ids())
    broken = sum(not proof.is_valid for proof in proofs)
    store.save_proof(now, len(proofs), broken)
    if broken:
        log.error("ledger_broken", extra={"count": broken})
    _stripe()
    return True


def _stripe() -> None:
    """Reconcile with Stripe; where Stripe is unavailable, the next night or `manage.py reconcile_stripe` does it."""
    try:
        reconcile.reconcile_if_configured()
    except ApiError:
        log.warning("stripe_not_compared")


def report_overage() -> None:
    """Report overage to Stripe's meter, where payments are set up; the next run does what failed in this one."""
    if gateway.configured():
        overage.report_all()
