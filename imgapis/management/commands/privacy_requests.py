"""Privacy requests that came by mail, from the shell: recorded, listed by due day, confirmed, extended, closed."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts import commands
from imgapis.base import clock
from imgapis.models import PrivacyRequest
from imgapis.policy import requests


class Command(BaseCommand):
    """`manage.py privacy_requests record --law gdpr --kind delete --email a@b.example --received 2026-11-20`"""

    help = "Record, list, confirm, extend or close requests under GDPR, UK GDPR and CCPA. Lists the first due first."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        subparsers = parser.add_subparsers(dest="act", required=True)
        record_parser = subparsers.add_parser("record", help="a mail that came")
        record_parser.add_argument("--law", choices=tuple(requests.LAWS), required=True)
        record_parser.add_argument("--kind", choices=tuple(requests.KINDS), required=True)
        record_parser.add_argument("--email", required=True, help="whom to answer")
        record_parser.add_argument("--received", type=moment, required=True, help="when it came: 2026-11-20 or …T09:30")
        list_parser = subparsers.add_parser("list", help="the open ones, the first due first")
        list_parser.add_argument("--all", action="store_true", help="the closed ones too")
        for name, help_text in (
            ("confirm", "its receipt was confirmed"),
            ("extend", "the person was told it takes longer"),
        ):
            subparsers.add_parser(name, help=help_text).add_argument("request_id")
        close_parser = subparsers.add_parser("close", help="it was answered; its address is struck out")
        close_parser.add_argument("request_id")
        close_parser.add_argument("--as", dest="outcome", choices=("done", "refused"), required=True)
        close_parser.add_argument("--certificate", default="", help="of an erasure")

    def handle(self, *args: object, **options: Any) -> None:
        """Do it."""
        with commands.refusals_as_command_errors():
            getattr(self, options["act"])(options)

    def record(self, options: dict) -> None:
        """Record a request."""
        self._show(
            requests.record(
                law=options["law"], kind=options["kind"], address=options["email"], received=options["received"]
            )
        )

    def list(self, options: dict) -> None:
        """List them, and say how many are late."""
        rows = requests.list_all(closed=options["all"])
        for row in rows:
            self._show(row)
        late = sum(requests.is_late(row) for row in rows)
        self.stdout.write(f"{len(rows)} requests, {late} late.")

    def confirm(self, options: dict) -> None:
        """Note the confirmation."""
        self._show(requests.confirm(options["request_id"]))

    def extend(self, options: dict) -> None:
        """Note the extension."""
        self._show(requests.extend(options["request_id"]))

    def close(self, options: dict) -> None:
        """Close it."""
        self._show(requests.close(options["request_id"], options["outcome"], options["certificate"]))

    def _show(self, row: PrivacyRequest) -> None:
        law, kind = requests.LAWS[row.law], requests.KINDS[row.kind]
        state = "LATE" if requests.is_late(row) else row.state
        extended = ", extended" if row.extended else ""
        unconfirmed = "" if row.confirmed or row.state != "open" else ", not confirmed"
        self.stdout.write(
            f"{row.request_id} {state}: {law}, {kind}, for {row.address or 'nobody any more'},"
            f" received {clock.day(row.received)}, due {clock.stamp(row.due)}{extended}{unconfirmed}"
        )


def moment(text: str) -> float:
    """A day or a minute, UTC, in seconds since 1970."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
