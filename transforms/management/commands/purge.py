"""Purge cached pictures from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from transforms.models import purges as purge_rows
from transforms.serving import purges


class Command(BaseCommand):
    """`manage.py purge shop prefix photos/summer/`"""

    help = "Purge one address, a prefix of src, a source or the workspace; `list` shows the rules, --dry-run counts."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("namespace")
        parser.add_argument("scope", choices=("list", *purges.SCOPES))
        parser.add_argument("target", nargs="?", default="")
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Purge, and say how many billed operations can become new work."""
        row = commands.workspace_of(options["namespace"])
        if options["scope"] == "list":
            for rule in purge_rows.of_workspace(row.workspace_id):
                self.stdout.write(f"{rule.rule_id} {rule.scope} {rule.target}")
            return
        if options["scope"] == "workspace" and options["target"]:
            raise CommandError(f"A purge of the workspace is of everything: it takes no target {options['target']!r}.")
        with commands.refusals_as_command_errors():
            count = purges.preview(row, options["scope"], options["target"])
            if not options["dry_run"]:
                purges.purge(row, "system", options["scope"], options["target"])
        verb = "would become" if options["dry_run"] else "become"
        self.stdout.write(f"at most {count} billed operations {verb} new work")
