"""The nightly proof: every period of every workspace, by one worker at a time, its result kept for /status."""

import logging

from accounts.models import Workspace
from billing import ledger, store
from imgapis.base import clock

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
    return True
