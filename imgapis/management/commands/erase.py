"""Erasure by staff, on an e-mailed request; what is under way; undo."""

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from accounts.models import Person, workspaces
from accounts.people import email_addresses, people
from imgapis.base import clock
from imgapis.models import erasures
from imgapis.privacy import erasure, steps


class Command(BaseCommand):
    """`manage.py erase`"""

    help = (
        "Erase a workspace or a person: scheduled, with 7 days to undo, or at once. Without a name: what is under way."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose, since when, and how."""
        subject_group = parser.add_mutually_exclusive_group()
        subject_group.add_argument("--namespace")
        subject_group.add_argument("--email")
        subject_group.add_argument("--undo", metavar="ID")
        parser.add_argument("--asked", help="the day the mail came, 2026-11-24: the 30 days are counted from it")
        parser.add_argument("--at-once", action="store_true", help="run this erasure now; it cannot be undone")
        parser.add_argument(
            "--noinput",
            "--no-input",
            action="store_false",
            dest="interactive",
            help="with --at-once: ask for no confirmation",
        )

    def handle(
        self,
        *args: object,
        namespace: str | None,
        email: str | None,
        undo: str | None,
        asked: str | None,
        at_once: bool,
        interactive: bool,
        **options: Any,
    ) -> None:
        """Do it, or list."""
        if (asked or at_once) and not (namespace or email):
            raise CommandError("--asked and --at-once are of an erasure: name whose by --namespace or --email.")
        with commands.refusals_as_command_errors():
            if undo:
                erasure.undo(undo)
                self.stdout.write(f"{undo} is not erased.")
            elif namespace or email:
                (kind, subject_id), moment = subject(namespace, email), _moment(asked) if asked else None
                if at_once and interactive:
                    self._confirm(kind, namespace or email or "", subject_id)
                self._ask(kind, subject_id, moment, at_once=at_once)
            else:
                self._list()

    def _ask(self, kind: str, subject_id: str, asked: float | None, *, at_once: bool) -> None:
        row = erasure.request(kind, subject_id, at_once=at_once, asked=asked)
        if at_once:
            erasure.process(row)
            row = erasures.require(subject_id)
        waits = {"invoice": ", waits for Stripe's invoice", "payment": ", waits for the payment of an invoice"}
        remark = waits.get(steps.waits_for(row), "")
        self.stdout.write(f"{kind} {subject_id}: {row.state}{remark}, next {clock.stamp(row.due)}")

    def _confirm(self, kind: str, name: str, subject_id: str) -> None:
        """Have the erasure of what is named confirmed. Raises CommandError."""
        question = (
            f"This erases the {kind} {name} ({subject_id}) now: its rows and its pictures, and what it has at Stripe."
            " It cannot be undone.\nType 'yes' to continue, or anything else to leave it: "
        )
        try:
            answer = input(question)
        except EOFError as error:
            raise CommandError("Nothing is erased: nobody can confirm it here. --no-input asks for nothing.") from error
        if answer != "yes":
            raise CommandError("Nothing is erased.")

    def _list(self) -> None:
        late_ids = {row.subject_id for row in erasure.late()}
        for row in erasures.iter_all():
            mark = " LATE" if row.subject_id in late_ids else ""
            self.stdout.write(f"{row.kind} {row.subject_id}: {row.state}, asked {clock.stamp(row.asked)}{mark}")


def subject(namespace: str | None, email: str | None) -> tuple[str, str]:
    """(kind, id) of what a namespace or an address names. Raises CommandError."""
    if namespace:
        if workspace := workspaces.of_namespace(namespace):
            return "workspace", workspace.workspace_id
    elif email and (person := _person(email)):
        return "person", person.person_id
    raise CommandError(f"There is no such account: {namespace or email or 'no name'}.")


def _person(email: str) -> Person | None:
    try:
        return people.of_email(email_addresses.canonical(email))
    except email_addresses.InvalidEmail as refusal:
        raise CommandError(f"{email}: {refusal.message}") from refusal


def _moment(day: str) -> float:
    """The beginning of a day that has come, 2026-11-24, in seconds since 1970."""
    try:
        moment = datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise CommandError(f"--asked is a day such as 2026-11-24, not {day}.") from error
    if moment > clock.now():
        raise CommandError(f"--asked is the day the mail came: {day} has not come yet, in UTC.")
    return moment
