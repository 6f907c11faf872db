"""Create, list and delete named sources from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import workspaces
from imgapis.base.errors import ApiError
from transforms.models import Source, sources
from transforms.sources import named_sources
from transforms.sources.kinds.registry import KINDS


class Command(BaseCommand):
    """`manage.py source create shop photos --kind http --prefix https://shop.example/photos/`"""

    help = f"Create, list or delete a workspace's named sources: {', '.join(kind.title for kind in KINDS.values())}."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("create", "list", "change", "delete"))
        parser.add_argument("namespace")
        parser.add_argument("name", nargs="?", default="")
        parser.add_argument("--kind", choices=tuple(KINDS), default="http")
        parser.add_argument("--prefix", default="")
        parser.add_argument("--bucket", default="")
        parser.add_argument("--region", default="", help="the S3 region, or the R2 account id")
        parser.add_argument("--access-key", default="")
        parser.add_argument("--secret-key", default="")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the sources of the workspace."""
        workspace = workspaces.of_namespace(options["namespace"])
        if workspace is None:
            raise CommandError(f"There is no workspace {options['namespace']}.")
        try:
            getattr(self, f"_{options['action']}")(workspace.workspace_id, options)
        except ApiError as refusal:
            raise CommandError(refusal.message) from refusal
        for row in sources.of_workspace(workspace.workspace_id):
            self.stdout.write(f"{row.name}: {row.kind} {row.prefix or row.bucket} revision {int(row.revision)}")

    def _create(self, workspace_id: str, options: dict[str, Any]) -> None:
        settings = {name: options[name] for name in ("kind", "prefix", "bucket", "region", "access_key", "secret_key")}
        named_sources.create(workspace_id, name=options["name"], **settings)

    def _change(self, workspace_id: str, options: dict[str, Any]) -> None:
        named_sources.change(self._existing(workspace_id, options), prefix=options["prefix"])

    def _delete(self, workspace_id: str, options: dict[str, Any]) -> None:
        named_sources.delete(self._existing(workspace_id, options))

    def _list(self, workspace_id: str, options: dict[str, Any]) -> None:
        """Listing is what every action ends with."""

    def _existing(self, workspace_id: str, options: dict[str, Any]) -> Source:
        row = sources.find(workspace_id, options["name"])
        if row is None:
            raise CommandError(f"{options['namespace']} has no source {options['name']!r}.")
        return row
