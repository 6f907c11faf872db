"""Reconcile every workspace with Stripe, and apply what a lost event did not."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from billing.stripe import reconcile
from imgapis.base.errors import ApiError


class Command(BaseCommand):
    """`manage.py reconcile_stripe`"""

    help = "Bring every workspace that has a customer at Stripe to what Stripe says now. `work` does it every night."

    def handle(self, *args: object, **options: Any) -> None:
        """Reconcile, and print how many were compared and changed."""
        try:
            compared, changed = reconcile.reconcile_all()
        except ApiError as refusal:
            raise CommandError(refusal.message) from refusal
        self.stdout.write(f"{compared} compared, {changed} changed")
