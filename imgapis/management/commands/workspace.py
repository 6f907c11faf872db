"""Create, show and change workspaces from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Workspace
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from imgapis.base.errors import ApiError
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

    def handle(self, *args: object, **options: Any) -> None:
        """Do it and print the workspace."""
        try:
            row = self._row(options)
        except ApiError as refusal:
            raise CommandError(refusal.message) from refusal
        values = _values(options)
        if values and options["action"] != "show":
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
        row = workspace_rows.of_namespace(options["namespace"])
        if row is None:
            raise CommandError(f"There is no workspace {options['namespace']}.")
        return row


def _values(options: dict[str, Any]) -> dict[str, Any]:
    values = {
        "business_name": options["business_name"],
        "allowance": options["credits"] * 2 if options["credits"] is not None else None,
        "allowed_origins": options["origin"],
        "allowed_sources": options["allow_source"],
        "refused": options["refused"],
        "suspended": bool(options["suspended"]) if options["suspended"] is not None else None,
    }
    return {name: value for name, value in values.items() if value is not None}
