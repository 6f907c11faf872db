"""How many workspaces one person may own, and the acts that make somebody an owner, one after the other (H10)."""

from collections.abc import Callable

from accounts import team_store
from accounts.models import Workspace
from accounts.team_store import Owned
from accounts.workspaces import entitlements
from imgapis.base import dynamo
from imgapis.base.errors import ApiError


class TooManyWorkspaces(ApiError):
    """Somebody owns as many workspaces as the best of their plans allows."""

    status = 409
    code = "too_many_workspaces"


def owned_with_place(person_id: str, workspace: Workspace | None = None) -> Owned:
    """What a person owns, where they may own one workspace more: a new one, or `workspace`, whose plan counts then.
    Raises TooManyWorkspaces."""
    owned = team_store.owned(person_id)
    rows = [*owned.workspaces, *([workspace] if workspace else [])]
    limit = max((entitlements.of(row).workspaces for row in rows), default=entitlements.STARTING.workspaces)
    if len(owned.workspaces) >= limit:
        raise TooManyWorkspaces(_refusal(limit, is_new=workspace is None))
    return owned


def _refusal(limit: int, is_new: bool) -> str:
    if is_new:
        return f"Your plan allows {limit} workspaces of your own. A larger plan of one allows more."
    return (
        "The new owner already owns as many workspaces as their plans allow. They can give one up, or choose a larger"
        " plan for one, before they become the owner of another."
    )


def make_owner(person_id: str, workspace: Workspace, write: Callable[[Owned], None]) -> None:
    """Make a person an owner of an existing workspace by `write`, which is given what they own and is repeated while
    it raises Outpaced. Raises TooManyWorkspaces, EditConflict."""
    for _ in dynamo.retries():
        try:
            return write(owned_with_place(person_id, workspace))
        except team_store.Outpaced as refusal:
            outpaced = refusal
    raise outpaced
