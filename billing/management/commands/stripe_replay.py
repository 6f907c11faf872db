"""Act on one event of Stripe's again, as support does when an effect is missing."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from billing.stripe import webhooks


class Command(BaseCommand):
    """`manage.py stripe_replay evt_…`"""

    help = "Fetch an event from Stripe and act on it; one that acted before only brings its workspace up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("event_id")

    def handle(self, *args: object, **options: Any) -> None:
        """Replay, and say what became of it."""
        with commands.refusals_as_command_errors():
            outcome = webhooks.replay(options["event_id"])
        if outcome == webhooks.UNKNOWN_EVENT:
            raise CommandError(f"Stripe has no event {options['event_id']}.")
        self.stdout.write(outcome)
