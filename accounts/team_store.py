"""The data access of teams, one function per access pattern; a condition keeps every workspace an owner.

An `entry` of the audit log is written in the transaction of its act. What takes a seat is written on condition that no
seat was taken since the `Team` was read, and what makes an owner on condition that the person became the owner of
nothing else since the `Owned` was read (H10): otherwise Outpaced.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from accounts import audit, retired_namespaces, store
from accounts.models import Namespace, Workspace
from accounts.rows.audit import AuditEntry
from accounts.rows.namespaces import NamespaceCount
from accounts.rows.teams import Invite, InvitedAddress, Member, Ownership
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError, EditConflict
from imgapis.base.mail.rows import OutgoingMail


class LastOwner(ApiError):
    """The act would leave the workspace without an owner."""

    status = 409
    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("A workspace keeps at least one owner. Make somebody else an owner first.")


class Outpaced(EditConflict):
    """A seat was taken, or the person became an owner, since it was looked at: look again."""


@dataclass(frozen=True)
class Team:
    """A workspace with its members and its invites, expired ones too, as they were at its `team_revision`."""

    workspace: Workspace
    members: list[Member]
    invites: list[Invite]


@dataclass(frozen=True)
class Owned:
    """The workspaces that a person owns, and how many namespaces they have taken, as they were at `revision`."""

    person_id: str
    workspaces: list[Workspace]
    namespaces_taken: int
    revision: int


def member(workspace_id: str, person_id: str) -> Member | None:
    """A person's place in a workspace, as it is now."""
    return Member.find(workspace_id, person_id)


def members(workspace_id: str) -> list[Member]:
    """Everybody in a workspace."""
    return list(Member.query(workspace_id, consistent_read=True))


def memberships(person_id: str) -> list[Member]:
    """Every place of a person, from an index: for lists alone."""
    return list(Member.person_index.query(person_id))


def team(workspace_id: str) -> Team | None:
    """The team of a workspace; None where there is no such workspace."""
    row = store.workspace(workspace_id)  # first: what is written meanwhile has raised its revision
    return Team(row, members(workspace_id), invites(workspace_id)) if row else None


def invites(workspace_id: str) -> list[Invite]:
    """Invites that were not accepted, expired ones too, newest first."""
    return list(Invite.query(workspace_id, scan_index_forward=False, consistent_read=True))


def invites_of_address(
    email: str, limit: int, last_key: dict[str, Any] | None
) -> tuple[list[Invite], dict[str, Any] | None]:
    """The invites of an address, those sent last first, as they are, expired ones too: of `limit` that are looked at
    after the one of `last_key`, those that there are; and the key of the last, None at the end."""
    rows = InvitedAddress.newest_index.query(
        email, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=last_key
    )
    keys = [(row.workspace_id, row.invite_id) for row in rows]
    invites = sorted(Invite.batch_get(keys, consistent_read=True), key=lambda row: row.sent, reverse=True)
    return invites, rows.last_evaluated_key


def owned(person_id: str) -> Owned:
    """What a person owns. The index of members lags, so that ownerships are listed beside it; each is looked up."""
    count = NamespaceCount.find(person_id)
    listed = {row.workspace_id for row in Ownership.query(person_id, consistent_read=True)}
    listed |= {row.workspace_id for row in memberships(person_id)}
    rows = Member.batch_get([(workspace_id, person_id) for workspace_id in sorted(listed)], consistent_read=True)
    owned_ids = [row.workspace_id for row in rows if row.role == "owner"]
    taken, revision = (int(count.taken), int(count.owner_revision)) if count else (0, 0)
    return Owned(person_id, store.workspaces(owned_ids), taken, revision)


# Invites that one transaction, of 100 writes at most, ends.
MOST_ENDED = 90
# The namespaces of one person, ever: the largest plan has 25 workspaces, and each may be renamed a few times.
NAMESPACES_PER_PERSON = 100


def create_with_owner(row: Workspace, owner: Owned, entry: AuditEntry | None = None) -> None:
    """Create a workspace with its first owner and the claim of its namespace, which counts as one of the owner's."""
    claim = Namespace(row.namespace, workspace_id=row.workspace_id)
    owner_row = Member(row.workspace_id, owner.person_id, role="owner", joined=clock.now())
    with dynamo.transaction() as transaction:
        retired_namespaces.require_available(transaction, row.namespace)
        transaction.save(claim, if_absent=True, name="namespace")
        transaction.save(row, if_absent=True)
        transaction.save(owner_row, if_absent=True)
        _add_ownership(transaction, owner, row.workspace_id, namespaces=1)
        audit.add_to_transaction(transaction, entry)


def rename(row: Workspace, namespace: str, entry: AuditEntry | None = None, person_id: str = "") -> None:
    """Claim a new namespace and take it; the old claim stays, so that the old one goes on serving. It counts as one of
    `person_id`'s where one is named."""
    claim = Namespace(namespace, workspace_id=row.workspace_id)
    # A workspace may take back a namespace of its own.
    condition = Namespace.is_absent() | (Namespace.workspace_id == row.workspace_id)
    with dynamo.transaction() as transaction:
        retired_namespaces.require_available(transaction, namespace)
        transaction.save(claim, condition=condition, name="namespace")
        audit.add_to_transaction(transaction, entry)
        transaction.update(row, [Workspace.namespace.set(namespace)], condition=Workspace.namespace == row.namespace)
        if person_id:
            _count_namespace(transaction, person_id)


def _count_namespace(transaction: dynamo.Transaction, person_id: str) -> None:
    condition = NamespaceCount.is_absent() | (NamespaceCount.taken < NAMESPACES_PER_PERSON)
    transaction.update(NamespaceCount(person_id), [NamespaceCount.taken.add(1)], condition=condition, name="count")


def _add_ownership(transaction: dynamo.Transaction, owner: Owned, workspace_id: str, namespaces: int = 0) -> None:
    """Make a person the owner of one workspace more, which may take a namespace."""
    seen = NamespaceCount.owner_revision == owner.revision
    if not owner.revision:
        seen = NamespaceCount.owner_revision.does_not_exist() | seen
    condition = seen & (NamespaceCount.taken.does_not_exist() | (NamespaceCount.taken == owner.namespaces_taken))
    actions = [NamespaceCount.owner_revision.set(owner.revision + 1), NamespaceCount.taken.add(namespaces)]
    transaction.save(Ownership(owner.person_id, workspace_id))
    transaction.update(NamespaceCount(owner.person_id), actions, condition=condition, name="count")


def owner_ids(workspace_id: str) -> list[str]:
    """The person ids of the owners."""
    return [row.person_id for row in members(workspace_id) if row.role == "owner"]


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


def end_invite(row: Invite, condition: Condition) -> bool:
    """Delete an invite, and what stands of it under its address; False where the condition is not met."""
    if not row.delete_if(condition):
        return False
    InvitedAddress(row.email, row.workspace_id).delete_if(InvitedAddress.invite_id == row.invite_id)
    return True


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
            _add_ownership(transaction, owner, invite.workspace_id)

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
            _add_ownership(transaction, owner, row.workspace_id)

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
    for row in list(Member.scan(Member.person_id == person_id, consistent_read=True)):
        with dynamo.transaction() as transaction:
            transaction.delete(row)
            if row.role == "owner" and store.workspace(row.workspace_id) is not None:
                workspace = Workspace(row.workspace_id)
                transaction.update(workspace, [Workspace.owners.add(-1)], condition=Workspace.is_present())


def transfer_ownership(current_owner: Member, new_owner: Member, owner: Owned, entry: AuditEntry | None = None) -> None:
    """Make `new_owner`, who owns what `owner` says, an owner, and `current_owner` an admin, at once. Raises Outpaced,
    EditConflict."""

    def swap_roles(transaction: dynamo.Transaction) -> None:
        _set_role(transaction, new_owner, "owner")
        _add_ownership(transaction, owner, new_owner.workspace_id)
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
