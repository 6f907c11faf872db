"""Reconcile every workspace with Stripe, and apply what a lost event did not."""

from typing import Any

from django.core.management.base import BaseCommand

from accounts import commands
from billing.stripe import reconcile


class Command(BaseCommand):
    """`manage.py reconcile_stripe`"""

    help = "Bring every workspace that has a customer at Stripe to what Stripe says now. `work` does it every night."

    def handle(self, *args: object, **options: Any) -> None:
        """Reconcile, and print how many were compared and changed."""
        with commands.refusals_as_command_errors():
            compared, changed = reconcile.reconcile_all()
        self.stdout.write(f"{compared} compared, {changed} changed")
