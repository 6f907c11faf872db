"""Create, show and change workspaces from the shell."""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit, commands
from accounts.models import AuditEntry, Workspace
from accounts.workspaces import workspaces
from telemetry.display import credits_of
from transforms.access import access_settings
from transforms.access.access_settings import AnySourceUnconfirmed

ACCESS = ("allowed_origins", "allowed_sources", "any_source_confirmed", "refused", "origin_cache_control")


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
        parser.add_argument(
            "--confirm-any-source",
            action="store_true",
            help="confirm --allow-source '*': anybody can have pictures of any site made, and the workspace pays a"
            " credit for each, beyond its plan at the price of overage where that is allowed, up to its caps",
        )
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
        is_new = options["action"] == "create"
        with commands.refusals_as_command_errors():
            values = _values(options)
            if values and options["action"] == "show":
                raise CommandError("show changes nothing: change does.")
            row = None if is_new else commands.workspace_of(options["namespace"])
            if "allowed_sources" in values:
                values["any_source_confirmed"] = _confirmed(row, values, confirms=options["confirm_any_source"])
            row = row or _create(options)
        before = {name: getattr(row, name) for name in values}
        changes = {name: value for name, value in values.items() if value != before[name]}
        if changes:
            workspaces.change(row, *_entries(row, before, changes), **changes)
        self.stdout.write(
            f"{row.namespace} ({row.workspace_id}): {int(row.allowance) // 2} credits a period,"
            f" origins {row.allowed_origins}, sources {row.allowed_sources}, suspended {bool(row.suspended)}"
        )


def _create(options: dict[str, Any]) -> Workspace:
    return workspaces.create_unowned(
        namespace=options["namespace"],
        business_name=options["business_name"] or "",
        allowance=workspaces.default_allowance(),
    )


def _confirmed(row: Workspace | None, values: dict[str, Any], *, confirms: bool) -> float:
    """When it was confirmed that any source is read. Raises CommandError, with what that can cost."""
    try:
        return access_settings.confirmed(row, values["allowed_sources"], confirms=confirms)
    except AnySourceUnconfirmed as refusal:
        cost = (
            access_settings.cost_of_any_source(row)
            if row
            else "With * anybody who knows an image address of the workspace can have pictures of any site made, and it"
            f" pays for each: up to {credits_of(values.get('allowance', workspaces.default_allowance()))} credits a"
            " period."
        )
        raise CommandError(f"{cost} Name the hosts, or confirm it with --confirm-any-source.") from refusal


def _entries(row: Workspace, before: dict[str, Any], changes: dict[str, Any]) -> Iterator[AuditEntry]:
    """The entries of the audit log for changed attributes, by the kind of act. The business' name is not in them: it is
    personal where one person is the business."""
    workspace_id = row.workspace_id
    if "suspended" in changes:
        act = "workspace.suspended" if changes["suspended"] else "workspace.resumed"
        was, is_now = ({"suspended": bool(values["suspended"])} for values in (before, changes))
        yield audit.entry(workspace_id, "system", act, workspace_id, was, is_now)
    if access := {name: value for name, value in changes.items() if name in ACCESS}:
        old = {name: before[name] for name in access}
        yield audit.entry(workspace_id, "system", "access.changed", "", old, access)
    if {"allowance", "business_name"} & changes.keys():
        named = [name for name in ("allowance",) if name in changes]
        earlier, later = ({name: int(values[name]) for name in named} for values in (before, changes))
        yield audit.entry(workspace_id, "system", "workspace.changed", workspace_id, earlier, later)


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
