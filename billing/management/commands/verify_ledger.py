"""The proof that no charge is lost or doubled: events add up to counters."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import workspaces
from billing.charging import ledger
from telemetry import display


class Command(BaseCommand):
    """`manage.py verify_ledger`"""

    help = "Prove for every workspace and period that the sum of events is what the counter says. Exits 1 if not."

    def handle(self, *args: object, **options: Any) -> None:
        """Print a line a period; fail when one does not hold."""
        proofs = ledger.prove_all(workspaces.iter_ids())
        for proof in proofs:
            verdict = "holds" if proof.is_valid else "DOES NOT HOLD"
            self.stdout.write(
                f"{proof.workspace_id} {proof.period}: events {display.decimal_credits(proof.events)},"
                f" shown {display.decimal_credits(proof.rolled)}{'' if proof.rollups_match else ' (late)'},"
                f" used {display.decimal_credits(proof.used)}, left {display.decimal_credits(proof.left)},"
                f" granted {display.decimal_credits(proof.granted)},"
                f" grants {'kept' if proof.is_balanced else 'NOT KEPT'}: {verdict}"
            )
        broken = sum(not proof.is_valid for proof in proofs)
        if broken:
            raise CommandError(f"Do not add up: {broken} of {len(proofs)} periods.")
        self.stdout.write(f"All periods add up: {len(proofs)}.")
