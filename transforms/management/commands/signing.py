"""Turn signed addresses on and off, rotate keys and sign from the shell."""

from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import commands
from accounts.models import Workspace
from transforms.access import signing, signing_keys
from transforms.engine.request.query import Query
from transforms.tenant import tenants


class Command(BaseCommand):
    """`manage.py signing require shop`"""

    help = "Show, require or turn off signed addresses; rotate or end a key; sign an address."

    def add_arguments(self, parser: CommandParser) -> None:
        """What the command accepts."""
        parser.add_argument("action", choices=("show", "require", "off", "rotate", "end", "sign"))
        parser.add_argument("namespace")
        parser.add_argument("what", nargs="?", default="", help="the key's id (end), or the path and query (sign)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, print a new key once, and print the state."""
        row = commands.workspace_of(options["namespace"])
        with commands.refusals_as_command_errors():
            output = self._act(row, options)
        if output:
            self.stdout.write(output)
        if options["action"] != "sign":
            keys = ", ".join(key["id"] for key in signing_keys.live(row)) or "none"
            self.stdout.write(f"signing {row.signing}, live keys: {keys}")

    def _act(self, row: Workspace, options: dict[str, Any]) -> str | None:
        if options["action"] == "end":
            signing_keys.end(row, "system", options["what"])
        if options["action"] == "sign":
            return _signed(row, options["what"])
        actions = {"require": signing_keys.turn_on, "off": signing_keys.turn_off, "rotate": signing_keys.rotate}
        action = actions.get(options["action"])
        return action(row, "system") if action else None


def _signed(row: Workspace, address: str) -> str:
    keys = tenants.of_row(row, row.namespace).signing_keys
    if not keys:
        raise CommandError("There is no signing key: `signing rotate` makes one.")
    parts = urlsplit(address)
    if not (parts.path and parts.query):
        raise CommandError(f"An address is a path and a query, /transform?src=shop/hat.jpg, not {address!r}.")
    query = Query.parse(parts.query)
    sig = signing.sign(keys[0], signing.message(parts.path, query))
    return f"{parts.path}?{query.raw}&sig={sig}"
