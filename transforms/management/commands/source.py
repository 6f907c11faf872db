"""Create, list and delete named sources from the shell."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from transforms.models import Source, sources
from transforms.sources import named_sources
from transforms.sources.kinds.http import WebServer
from transforms.sources.kinds.kind import Kind
from transforms.sources.kinds.registry import KINDS, kind_of

SETTINGS = ("prefix", "bucket", "region", "access_key", "secret_key")
LIVES = ("ttl", "origin_cache_control")  # of every kind


class Command(BaseCommand):
    """`manage.py source create shop photos --kind http --prefix https://shop.example/photos/`"""

    help = f"Create, list or delete a workspace's named sources: {', '.join(kind.title for kind in KINDS.values())}."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("create", "list", "change", "delete"))
        parser.add_argument("namespace")
        parser.add_argument("name", nargs="?", default="")
        parser.add_argument("--kind", choices=tuple(KINDS), help="http where none is named; it cannot be changed")
        parser.add_argument("--prefix")
        parser.add_argument("--bucket")
        parser.add_argument("--region", help="the S3 region, or the R2 account id")
        parser.add_argument("--access-key")
        parser.add_argument("--secret-key")
        parser.add_argument("--ttl", type=int, help="how many seconds its outputs live at most; 0 is as long as others")
        parser.add_argument(
            "--origin-cache-control",
            type=int,
            choices=(0, 1),
            help="whether the Cache-Control of its server bounds how long they live",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and print the sources of the workspace."""
        workspace = commands.workspace_of(options["namespace"])
        with commands.refusals_as_command_errors():
            getattr(self, f"_{options['action']}")(workspace.workspace_id, options)
        for row in sources.of_workspace(workspace.workspace_id):
            lives = (f" ttl {int(row.ttl)}" if row.ttl else "") + " Cache-Control" * bool(row.origin_cache_control)
            self.stdout.write(f"{row.name}: {row.kind} {row.prefix or row.bucket} revision {int(row.revision)}{lives}")

    def _create(self, workspace_id: str, options: dict[str, Any]) -> None:
        kind = KINDS[options["kind"] or WebServer.name]
        named_sources.create(workspace_id, name=options["name"], kind=kind.name, **_settings(kind, options))

    def _change(self, workspace_id: str, options: dict[str, Any]) -> None:
        row = self._existing(workspace_id, options)
        settings = _settings(kind_of(row), options)
        if options["kind"] not in (None, row.kind):
            raise CommandError(f"{row.name} is of kind {row.kind}, which cannot be changed: create another source.")
        if not settings:
            options_of_all = ", ".join(map(_option, (*SETTINGS, *LIVES)))
            raise CommandError(f"Name what is to change of {row.name}: {options_of_all}.")
        named_sources.change(row, **settings)

    def _delete(self, workspace_id: str, options: dict[str, Any]) -> None:
        named_sources.delete(self._existing(workspace_id, options))

    def _list(self, workspace_id: str, options: dict[str, Any]) -> None:
        """Listing is what every action ends with."""

    def _existing(self, workspace_id: str, options: dict[str, Any]) -> Source:
        row = sources.find(workspace_id, options["name"]) if options["name"] else None
        if row is None:
            raise CommandError(f"{options['namespace']} has no source {options['name']!r}.")
        return row


def _settings(kind: Kind, options: dict[str, Any]) -> dict[str, Any]:
    """The settings that are named, by field. Raises CommandError for one that the kind does not have."""
    settings = {name: options[name] for name in SETTINGS if options[name] is not None}
    if surplus := [_option(name) for name in settings if name not in kind.field_names]:
        raise CommandError(f"A source of kind {kind.name} has no {', '.join(surplus)}.")
    if options["ttl"] is not None:
        settings["ttl"] = options["ttl"]
    if options["origin_cache_control"] is not None:
        settings["origin_cache_control"] = bool(options["origin_cache_control"])
    return settings


def _option(setting: str) -> str:
    return "--" + setting.replace("_", "-")
