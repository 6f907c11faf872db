"""Save, list and delete fallbacks from the shell, and choose the default."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from accounts.models import Workspace, workspaces
from transforms.access import fallbacks
from transforms.models import fallbacks as fallback_rows


class Command(BaseCommand):
    """`manage.py fallback save shop no-photo photos/none.png`"""

    help = "Save, list or delete a workspace's fallbacks; choose the one of every source, or of one source."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("save", "list", "delete", "default"))
        parser.add_argument("namespace")
        parser.add_argument("name", nargs="?", default="")
        parser.add_argument("src", nargs="?", default="", help="the picture, such as photos/none.png")
        parser.add_argument("--status", choices=tuple(fallbacks.STATUSES), default="error")
        parser.add_argument("--source", help="whose default it is; every source's without")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the fallbacks and the defaults."""
        row = commands.workspace_of(options["namespace"])
        with commands.refusals_as_command_errors():
            _act(row, options)
        for fallback in fallback_rows.of_workspace(row.workspace_id):
            self.stdout.write(f"{fallback.name}: {fallback.src} (status: {fallback.status})")
        chosen = fallbacks.defaults(workspaces.require(row.workspace_id))
        self.stdout.write(f"every source: {chosen['workspace'] or 'none'}")
        for source, name in chosen["sources"].items():
            if name:
                self.stdout.write(f"{source}: {name}")


def _act(row: Workspace, options: dict) -> None:
    workspace_id, name = row.workspace_id, options["name"]
    if options["action"] == "save":
        fallbacks.save(workspace_id, "system", name, options["src"], options["status"])
    elif options["action"] == "delete":
        if not (name and fallbacks.delete(workspace_id, "system", name)):
            raise CommandError(f"{options['namespace']} has no fallback {name!r}.")
    elif options["action"] == "default":
        if options["source"]:
            fallbacks.change_defaults(workspace_id, "system", sources={options["source"]: name})
        else:
            fallbacks.change_defaults(workspace_id, "system", name)
