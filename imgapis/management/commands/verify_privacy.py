"""The proof of the privacy policy on a running stack."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from imgapis.verify import checks, doors


class Command(BaseCommand):
    """`make verify`, beside a `make run`"""

    help = "Plant marks through every door, erase them, and search all that is kept for them. Exits 1 if one is found."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("--no-crawl", action="store_true", help="leave the browser out")

    def handle(self, *args: object, **options: Any) -> None:
        """Verify, and print the findings and the state of each check."""
        if not settings.EMBEDDED:
            raise CommandError("verify_privacy opens an account and breaks servers: run it beside `make run`.")
        try:
            verdicts = checks.verify(crawls=not options["no_crawl"])
        except (checks.Inconclusive, doors.FormRefused) as error:
            raise CommandError(f"{error} Nothing is proven.") from error
        for line in verdicts.findings:
            self.stdout.write(line)
        for check, state in verdicts.states.items():
            self.stdout.write(f"{state:>13}  {check}: {checks.CHECKS[check]}")
        if verdicts.broken:
            raise CommandError("A promise does not hold.")
