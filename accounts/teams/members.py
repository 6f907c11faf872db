"""Members of a workspace: who may change whom, and how one leaves."""

from collections.abc import Callable

from accounts import audit
from accounts.models import Member, workspaces
from accounts.models import members as membership_rows
from accounts.teams import roles, security_mails, team_changes
from accounts.teams.actors import Actor
from accounts.teams.team_changes import LastOwner
from accounts.workspaces import ownership, transfers
from accounts.workspaces.ownership import Owned
from accounts.workspaces.transfers import BillOfTransfer
from imgapis.base.errors import ApiError, EditConflict


class NoSuchMember(ApiError):
    """Nobody of that id is in the workspace."""

    status = 404
    code = "no_such_member"

    def __init__(self) -> None:
        super().__init__("This person is not a member of the workspace.")


def role_of(workspace_id: str, person_id: str) -> str | None:
    """The role of a person, as it is now; None for a stranger."""
    row = membership_rows.find(workspace_id, person_id)
    return row.role if row else None


def get(workspace_id: str, person_id: str) -> Member:
    """A member. Raises NoSuchMember."""
    row = membership_rows.find(workspace_id, person_id)
    if row is None:
        raise NoSuchMember
    return row


def change_role(actor: Member | Actor, person_id: str, role: str) -> None:
    """Give somebody another role. Raises NotPermitted, LastOwner, NoSuchMember, TooManyWorkspaces, EditConflict
    (A10)."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    row = get(actor.workspace_id, person_id)
    if role not in roles.ROLES:
        raise ApiError(f"A role is one of {', '.join(roles.ROLES)}.", param="role", code="invalid_role")
    actor.require_reach(row.role)
    actor.require_grantable(role)
    if role == row.role:
        return
    values = {"role": row.role}, {"role": role}
    entry = audit.entry(actor.workspace_id, actor.name, "member.changed", person_id, *values)
    if role == "owner":
        _make_owner(row, lambda owner: team_changes.change_role(row, role, entry, owner))
    else:
        _settle_before(actor.person_id, row)
        team_changes.change_role(row, role, entry)


def _make_owner(row: Member, write: Callable[[Owned], None], former_owner_id: str = "") -> None:
    """Make a member an owner by `write`, and tell the owners by mail. One who takes the place of a former owner does
    once the bill is settled."""
    workspace = workspaces.find(row.workspace_id)
    if workspace is None:
        raise EditConflict
    bill = BillOfTransfer()
    if former_owner_id:
        ownership.owned_with_place(row.person_id, workspace)
        bill = transfers.settle(row.workspace_id)
    ownership.make_owner(row.person_id, workspace, write)
    security_mails.owner_added(workspace, row.person_id, former_owner_id, bill)


def remove(actor: Member | Actor, person_id: str) -> None:
    """Take somebody out; an owner once the bill is settled as far as it can be. Their API keys end at once, because a
    key asks for its maker's membership (A12)."""
    actor = Actor.of(actor)
    roles.require(actor.role, "members.manage")
    row = get(actor.workspace_id, person_id)
    actor.require_reach(row.role)
    entry = audit.entry(actor.workspace_id, actor.name, "member.removed", person_id, {"role": row.role})
    _settle_before(actor.person_id, row)
    team_changes.remove(row, entry)


def leave(actor: Member) -> None:
    """Leave a workspace; the last owner cannot (A10). An owner's bill is settled first."""
    entry = audit.entry(actor.workspace_id, actor.person_id, "member.left", actor.person_id, {"role": actor.role})
    _settle_before(actor.person_id, actor)
    team_changes.remove(actor, entry)


def erase(row: Member) -> None:
    """Take out somebody whose account is erased; an owner once the bill is settled as far as it can be. Raises what the
    settling does while Stripe does not answer: the erasure then tries again."""
    if row.role == "owner":
        transfers.release(row.workspace_id)
    team_changes.remove(row)


def _settle_before(actor_id: str, row: Member) -> None:
    """Before an owner beside others ceases to be one: have the bill settled, as nobody knows whose card is there (H34).
    Who goes by their own will pays first; no bill keeps another owner from taking one out. Raises LastOwner, and what
    the settling raises."""
    if row.role != "owner":
        return
    workspace = workspaces.find(row.workspace_id)
    if workspace is not None and int(workspace.owners) < 2:
        raise LastOwner
    settle = transfers.settle if actor_id == row.person_id else transfers.release
    settle(row.workspace_id)


def transfer(actor: Member, person_id: str) -> None:
    """Hand ownership to another member and become an admin, once what was used is invoiced and paid (H34). Raises
    NotPermitted, NoSuchMember, TooManyWorkspaces, EditConflict, and what the settling of the bill raises."""
    roles.require(actor.role, "workspace.own")
    row = get(actor.workspace_id, person_id)
    if row.role == "owner":
        raise ApiError("This member is an owner already.", param="person", code="already_owner", status=409)
    entry = audit.entry(actor.workspace_id, actor.person_id, "ownership.transferred", person_id)
    _make_owner(row, lambda owner: team_changes.transfer_ownership(actor, row, owner, entry), actor.person_id)
