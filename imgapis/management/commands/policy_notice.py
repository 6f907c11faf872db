"""Notify every account of a coming version of the privacy policy."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from imgapis.policy import notices


class Command(BaseCommand):
    """`manage.py policy_notice 2027-01-15 --dry-run`"""

    help = "Mail every account that a policy version is coming, 14 days ahead at least; once each, however often run."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("policy", metavar="VERSION", help="the version: the day in its file's name")
        parser.add_argument("--dry-run", action="store_true", help="show the mail and count the people; send nothing")
        parser.add_argument("--settle", metavar="MAIL", help="say of an unsure mail whether it left")
        parser.add_argument("--left", choices=("yes", "no"), help="with --settle: what the post's records say")

    def handle(self, *args: object, **options: Any) -> None:
        """Preview and count; then send, except with --dry-run."""
        with commands.refusals_as_command_errors():
            self._do(options["policy"], options)

    def _do(self, name: str, options: dict) -> None:
        if options["settle"]:
            if not options["left"]:
                raise CommandError("--settle needs --left yes or --left no.")
            notices.resolve(name, options["settle"], options["left"] == "yes")
            return
        preview = notices.preview(name)
        self.stdout.write(f"Subject: {preview.subject}\n\n{preview.text}")
        self.stdout.write(f"{preview.waiting} to be told; takes effect on {preview.effective}.")
        if not options["dry_run"]:
            self._send(name)

    def _send(self, name: str) -> None:
        states = notices.send(name)
        self.stdout.write(", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "Nobody to tell.")
        for mail_id in (row.mail_id for row in notices.unresolved(name)):
            self.stdout.write(f"unsure: Message-ID {mail_id}; look it up at the post, then --settle {mail_id} --left …")
        if [state for state in states if state not in notices.FINAL_STATES]:
            raise CommandError("Not everybody has been told: run it again. The version does not hold before.")
        self.stdout.write("Everybody has been told.")
