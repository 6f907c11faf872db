"""How many workspaces one person may own, and the acts that make somebody an owner, one after the other (H10)."""

from collections.abc import Callable
from dataclasses import dataclass

from pynamodb.expressions.update import Action

from accounts.models import NamespaceCount, Ownership, Workspace, members, namespaces
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import entitlements
from imgapis.base import dynamo
from imgapis.base.errors import ApiError, EditConflict


class TooManyWorkspaces(ApiError):
    """Somebody owns as many workspaces as the best of their plans allows."""

    status = 409
    code = "too_many_workspaces"


class Outpaced(EditConflict):
    """A seat was taken, or the person became an owner, since it was looked at: look again."""


@dataclass(frozen=True)
class Owned:
    """The workspaces that a person owns, and how many namespaces they have taken, as they were at `revision`."""

    person_id: str
    workspaces: list[Workspace]
    namespaces_taken: int
    revision: int


def of_person(person_id: str) -> Owned:
    """What a person owns."""
    count = namespaces.count_of(person_id)
    owned_ids = members.owned_ids(person_id)
    taken, revision = (int(count.taken), int(count.owner_revision)) if count else (0, 0)
    return Owned(person_id, workspace_rows.of_ids(owned_ids), taken, revision)


def owned_with_place(person_id: str, workspace: Workspace | None = None) -> Owned:
    """What a person owns, where they may own one workspace more: a new one, or `workspace`, whose plan counts then.
    Raises TooManyWorkspaces."""
    owned = of_person(person_id)
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
        except Outpaced as refusal:
            outpaced = refusal
    raise outpaced


def add_ownership(transaction: dynamo.Transaction, owner: Owned, workspace_id: str, namespaces_taken: int = 0) -> None:
    """Make a person the owner of one workspace more, which may take a namespace."""
    seen = NamespaceCount.owner_revision == owner.revision
    if not owner.revision:
        seen = NamespaceCount.owner_revision.does_not_exist() | seen
    condition = seen & (NamespaceCount.taken.does_not_exist() | (NamespaceCount.taken == owner.namespaces_taken))
    actions: list[Action] = [
        NamespaceCount.owner_revision.set(owner.revision + 1),
        NamespaceCount.taken.add(namespaces_taken),
    ]
    transaction.save(Ownership(owner.person_id, workspace_id))
    transaction.update(NamespaceCount(owner.person_id), actions, condition=condition, name="count")
