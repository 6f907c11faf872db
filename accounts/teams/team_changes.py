"""Changes of a team, one transaction each; a condition keeps every workspace an owner.

An `entry` of the audit log is written in the transaction of its act. What takes a seat is written on condition that no
seat was taken since the `Team` was read, and what makes an owner on condition that the person became the owner of
nothing else since the `Owned` was read (H10): otherwise Outpaced.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pynamodb.expressions.update import Action

from accounts import audit
from accounts.models import (
    AuditEntry,
    Invite,
    InvitedAddress,
    Member,
    Ownership,
    Workspace,
    invites,
    members,
    workspaces,
)
from accounts.workspaces import ownership
from accounts.workspaces.ownership import Outpaced, Owned
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError, EditConflict
from imgapis.base.mail.rows import OutgoingMail

# Invites that one transaction, of 100 writes at most, ends.
MOST_ENDED = 90


class LastOwner(ApiError):
    """The act would leave the workspace without an owner."""

    status = 409
    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("A workspace keeps at least one owner. Make somebody else an owner first.")


@dataclass(frozen=True)
class Team:
    """A workspace with its members and its invites, expired ones too, as they were at its `team_revision`."""

    workspace: Workspace
    members: list[Member]
    invites: list[Invite]


def team(workspace_id: str) -> Team | None:
    """The team of a workspace; None where there is no such workspace."""
    row = workspaces.find(workspace_id)  # first: what is written meanwhile has raised its revision
    return Team(row, members.of_workspace(workspace_id), invites.of_workspace(workspace_id)) if row else None


def put_invite(
    team: Team, row: Invite, seen: Invite | None, entry: AuditEntry, invite_mail: OutgoingMail | None = None
) -> None:
    """Write an invite, with its mail: a new one, or `seen` as it is from now on; every other one to its address ends.
    Without a mail the link of `seen` stays, also one that is made at this very moment. Raises Outpaced, and
    EditConflict where `seen` is no longer what it was."""
    condition = Invite.is_absent()
    if seen is not None:
        condition = (Invite.role == seen.role) & (Invite.sent == seen.sent)

    others = [other for other in team.invites if other.email == row.email and other.invite_id != row.invite_id]

    address = InvitedAddress(
        row.email, row.workspace_id, invite_id=row.invite_id, sent=row.sent, expires=clock.utc(int(row.ends))
    )

    def add_writes(transaction: dynamo.Transaction) -> None:
        for other in others[:MOST_ENDED]:
            transaction.delete(other)
        if seen is not None and invite_mail is None:
            transaction.update(row, _set_all_but_link(row), condition=condition)
        else:
            transaction.save(row, condition=condition)
        transaction.save(address)
        if invite_mail is not None:
            transaction.save(invite_mail, if_absent=True)

    _write(row.workspace_id, 0, add_writes, entry, team=team)


def _set_all_but_link(row: Invite) -> list[Action]:
    """Set every attribute of an invite except its keys and what proves its link."""
    values = {name: value for name, value in row.attribute_values.items() if value is not None}
    names = values.keys() - {"workspace_id", "invite_id", "token_digest"}
    return [getattr(Invite, name).set(values[name]) for name in sorted(names)]


def join(
    invite: Invite, team: Team, person_id: str, owner: Owned | None = None, entry: AuditEntry | None = None
) -> bool:
    """Use up an invite and add the member, with `owner` where it makes them one; False where the invite is no longer
    what it was. Raises Outpaced."""
    member_row = Member(invite.workspace_id, person_id, role=invite.role, joined=clock.now())
    condition = (
        (Invite.token_digest == invite.token_digest) & (Invite.ends > clock.now()) & (Invite.role == invite.role)
    )

    def add_writes(transaction: dynamo.Transaction) -> None:
        transaction.delete(invite, condition=condition)
        transaction.delete(InvitedAddress(invite.email, invite.workspace_id))
        transaction.save(member_row, if_absent=True)
        if owner is not None:
            ownership.add_ownership(transaction, owner, invite.workspace_id)

    try:
        _write(invite.workspace_id, int(invite.role == "owner"), add_writes, entry, team=team)
    except Outpaced:
        raise
    except EditConflict:
        return False
    return True


def change_role(row: Member, role: str, entry: AuditEntry | None = None, owner: Owned | None = None) -> None:
    """Give a member another role, with `owner` where it makes them one. Raises LastOwner, Outpaced, EditConflict."""

    def add_writes(transaction: dynamo.Transaction) -> None:
        _set_role(transaction, row, role)
        if owner is not None:
            ownership.add_ownership(transaction, owner, row.workspace_id)

    _write(row.workspace_id, (role == "owner") - (row.role == "owner"), add_writes, entry)


def remove(row: Member, entry: AuditEntry | None = None) -> None:
    """Remove a member. Raises LastOwner, EditConflict."""

    def add_writes(transaction: dynamo.Transaction) -> None:
        transaction.delete(row, condition=Member.role == row.role)
        if row.role == "owner":
            transaction.delete(Ownership(row.person_id, row.workspace_id))

    _write(row.workspace_id, -1 if row.role == "owner" else 0, add_writes, entry)


def remove_everywhere(person_id: str) -> None:
    """Take somebody out of every workspace, its last owner too: for the replay of an erasure after a restore alone."""
    for row in members.scan_person(person_id):
        with dynamo.transaction() as transaction:
            transaction.delete(row)
            if row.role == "owner" and workspaces.find(row.workspace_id) is not None:
                workspace = Workspace(row.workspace_id)
                transaction.update(workspace, [Workspace.owners.add(-1)], condition=Workspace.is_present())


def transfer_ownership(current_owner: Member, new_owner: Member, owner: Owned, entry: AuditEntry | None = None) -> None:
    """Make `new_owner`, who owns what `owner` says, an owner, and `current_owner` an admin, at once. Raises Outpaced,
    EditConflict."""

    def swap_roles(transaction: dynamo.Transaction) -> None:
        _set_role(transaction, new_owner, "owner")
        ownership.add_ownership(transaction, owner, new_owner.workspace_id)
        _set_role(transaction, current_owner, "admin")

    _write(current_owner.workspace_id, 0, swap_roles, entry)


def _set_role(transaction: dynamo.Transaction, row: Member, role: str) -> None:
    transaction.update(row, [Member.role.set(role)], condition=Member.role == row.role)
    if row.role == "owner" and role != "owner":
        transaction.delete(Ownership(row.person_id, row.workspace_id))


def _write(
    workspace_id: str,
    owners_delta: int,
    add_writes: Callable[[dynamo.Transaction], None],
    entry: AuditEntry | None,
    *,
    team: Team | None = None,
) -> None:
    """Commit a change of the team and of its count of owners (`owners_delta`); with a `team` it takes a seat. Raises
    LastOwner, Outpaced, EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            add_writes(transaction)
            audit.add_to_transaction(transaction, entry)
            if owners_delta or team is not None:
                _count(transaction, workspace_id, owners_delta, team)
    except dynamo.TransactionCanceled as error:
        raise _refusal(error, owners_delta, team) from error


def _count(transaction: dynamo.Transaction, workspace_id: str, owners_delta: int, team: Team | None) -> None:
    """Count owners and seats on the workspace's row."""
    condition = Workspace.owners >= 2 if owners_delta < 0 else Workspace.is_present()
    actions: list[Action] = [Workspace.owners.add(owners_delta)] if owners_delta else []
    if team is not None:
        revision = int(team.workspace.team_revision)
        seen = Workspace.team_revision == revision
        condition &= seen if revision else Workspace.team_revision.does_not_exist() | seen
        actions.append(Workspace.team_revision.set(revision + 1))
    transaction.update(Workspace(workspace_id), actions, condition=condition, name="workspace")


def _refusal(error: dynamo.TransactionCanceled, owners_delta: int, team: Team | None) -> ApiError:
    """The error that a lost transaction means."""
    if owners_delta < 0 and "workspace" in error.failed:
        return LastOwner()
    has_moved = "count" in error.failed or (team is not None and "workspace" in error.failed)
    return Outpaced() if has_moved or not error.failed else EditConflict()
