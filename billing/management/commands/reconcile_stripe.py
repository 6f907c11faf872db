"""Reconcile every workspace with Stripe, and apply what a lost event did not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.stripe import reconcile


class Command(BaseCommand):
    """`manage.py reconcile_stripe`"""

    help = "Bring every workspace that has a customer at Stripe to what Stripe says now. `work` does it every night."

    def handle(self, *args: object, **options: Any) -> None:
        """Reconcile, and print how many were compared and changed; an error where some were not compared."""
        done = reconcile.reconcile_all()
        counts = f"{done.compared} compared, {done.changed} changed"
        if done.failed:
            rest = "; the rest was not tried" if done.is_over else ""
            reason = getattr(done.last_error, "message", "") or type(done.last_error).__name__
            raise CommandError(f"{counts}, {done.failed} failed{rest}. The last one: {reason}")
        self.stdout.write(counts)
