"""Create, show and change workspaces from the shell."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from accounts.models import Workspace
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from transforms.access import access_settings


class Command(BaseCommand):
    """`manage.py workspace create shop --credits 1000`"""

    help = "Create, show or change a workspace: its allowance, allowed origins, allowed sources, suspension."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("create", "show", "change"))
        parser.add_argument("namespace")
        parser.add_argument("--business-name")
        parser.add_argument("--credits", type=int, help="credits a period, from the next period on when changed")
        parser.add_argument("--origin", action="append", help="an allowed origin; repeat for several")
        parser.add_argument("--allow-source", action="append", help="an allowed external host; repeat for several")
        parser.add_argument("--suspended", type=int, choices=(0, 1))
        parser.add_argument("--refused", choices=tuple(access_settings.REFUSED), help="what is sent without credits")
        parser.add_argument(
            "--origin-cache-control",
            type=int,
            choices=(0, 1),
            help="whether the Cache-Control of full-URL sources bounds how long their outputs live",
        )

    def handle(self, *args: object, **options: Any) -> None:
        """Do it and print the workspace."""
        with commands.refusals_as_command_errors():
            values = _values(options)
            row = self._row(options)
        if values and options["action"] == "show":
            raise CommandError("show changes nothing: change does.")
        if values:
            workspace_rows.change(row, **values)
        self.stdout.write(
            f"{row.namespace} ({row.workspace_id}): {int(row.allowance) // 2} credits a period,"
            f" origins {row.allowed_origins}, sources {row.allowed_sources}, suspended {bool(row.suspended)}"
        )

    def _row(self, options: dict[str, Any]) -> Workspace:
        if options["action"] == "create":
            return workspaces.create_unowned(
                namespace=options["namespace"],
                business_name=options["business_name"] or "",
                allowance=workspaces.default_allowance(),
            )
        return commands.workspace_of(options["namespace"])


def _values(options: dict[str, Any]) -> dict[str, Any]:
    """The attributes that are named, in the form they are stored in. Raises CommandError, InvalidBusinessName,
    InvalidPattern."""
    attributes: dict[str, tuple[str, Callable[[Any], Any]]] = {
        "business_name": ("business_name", workspaces.checked_business_name),
        "credits": ("allowance", _halves),
        "origin": ("allowed_origins", access_settings.read_origins),
        "allow_source": ("allowed_sources", access_settings.read_sources),
        "refused": ("refused", str),
        "suspended": ("suspended", bool),
        "origin_cache_control": ("origin_cache_control", bool),
    }
    return {
        attribute: convert(options[option])
        for option, (attribute, convert) in attributes.items()
        if options[option] is not None
    }


def _halves(credit_count: int) -> int:
    if credit_count < 0:
        raise CommandError(f"--credits is 0 or more, not {credit_count}.")
    return credit_count * 2
