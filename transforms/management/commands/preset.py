"""Save, list and delete presets from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from accounts.models import Workspace
from transforms.access import access_settings, presets
from transforms.models import presets as preset_rows


class Command(BaseCommand):
    """`manage.py preset save shop card "w=400&h=300&fit=cover"`"""

    help = "Save, list or delete a workspace's presets; serve presets only, or everything."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("save", "list", "delete", "only", "any"))
        parser.add_argument("namespace")
        parser.add_argument("name", nargs="?", default="")
        parser.add_argument("query", nargs="?", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the presets."""
        row = commands.workspace_of(options["namespace"])
        with commands.refusals_as_command_errors():
            _act(row, options)
        self.stdout.write("presets only" if row.presets_only else "presets and every other parameter")
        for preset in preset_rows.of_workspace(row.workspace_id):
            self.stdout.write(f"{preset.name}: {presets.query_of(preset.values)}")


def _act(row: Workspace, options: dict[str, Any]) -> None:
    if options["action"] == "save":
        presets.save(row.workspace_id, "system", options["name"], options["query"])
    elif options["action"] == "delete":
        if not (options["name"] and presets.delete(row.workspace_id, "system", options["name"])):
            raise CommandError(f"{options['namespace']} has no preset {options['name']!r}.")
    elif options["action"] in ("only", "any"):
        access_settings.change(row, "system", presets_only=options["action"] == "only")
