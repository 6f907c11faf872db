"""Tell the owners of paid workspaces of the changed rules of credits."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from imgapis.policy import credit_notice, notices


class Command(BaseCommand):
    """`manage.py credit_notice --plan`"""

    help = "Mail the owners of paid workspaces how credits are counted now; once each, however often it is run."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("--plan", action="store_true", help="show the mail and count the owners; send nothing")
        parser.add_argument("--settle", metavar="MAIL", help="say of an unsure mail whether it left")
        parser.add_argument("--left", choices=("yes", "no"), help="with --settle: what the mail server's log says")

    def handle(self, *args: object, plan: bool, settle: str | None, left: str | None, **options: Any) -> None:
        """Preview and count; then send, except with --plan."""
        with commands.refusals_as_command_errors():
            if settle:
                if not left:
                    raise CommandError("--settle needs --left yes or --left no.")
                notices.resolve(credit_notice.NAME, settle, left == "yes")
                return
            preview = credit_notice.preview()
            if preview.text:
                self.stdout.write(f"Subject: {credit_notice.SUBJECT}\n\n{preview.text}")
            self.stdout.write(f"{preview.waiting} to be told.")
            if not plan:
                self._send()

    def _send(self) -> None:
        states = credit_notice.send()
        self.stdout.write(", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "Nobody to tell.")
        for row in notices.unresolved(credit_notice.NAME):
            self.stdout.write(f"unsure: Message-ID {row.mail_id}; look it up in the mail server's log, then --settle.")
        if set(states) - set(notices.FINAL_STATES):
            raise CommandError("Not everybody has been told: run it again.")
        self.stdout.write("Everybody has been told.")
