"""Set up the account at Stripe: products, prices, the overage meter, the portal, the webhook."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from billing.stripe import stripe_setup
from imgapis.base.errors import ApiError


class Command(BaseCommand):
    """`manage.py stripe_setup`"""

    help = "Make what we sell known to the Stripe account of STRIPE_SECRET_KEY. Run it again at any time: it only adds."

    def handle(self, *args, **options) -> None:
        """Set up, and say what was made."""
        try:
            for line in stripe_setup.run(f"{settings.SITE_URL}/stripe/webhook"):
                self.stdout.write(line)
        except ApiError as refusal:
            raise CommandError(refusal.message) from refusal
