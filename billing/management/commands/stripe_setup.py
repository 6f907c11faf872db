"""Set up the account at Stripe: products, prices, the overage meter, the portal, the webhook."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from accounts import commands
from billing.stripe import stripe_setup


class Command(BaseCommand):
    """`manage.py stripe_setup`"""

    help = "Make known to the Stripe account of STRIPE_SECRET_KEY what we sell. Run again, it adds what is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("--renew-webhook", action="store_true", help="make another webhook, with another secret")

    def handle(self, *args: object, renew_webhook: bool, **options: Any) -> None:
        """Set up, and say what was made."""
        with commands.refusals_as_command_errors():
            for line in stripe_setup.run(f"{settings.SITE_URL}/stripe/webhook", renew_webhook):
                self.stdout.write(line)
