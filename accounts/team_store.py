"""The data access of teams, one function per access pattern; a condition keeps every workspace an owner.

An `entry` of the audit log is written in the transaction of its act.
"""

from accounts import audit, retired_namespaces, store
from accounts.models import Namespace, Workspace
from accounts.rows.audit import AuditEntry
from accounts.rows.namespaces import NamespaceCount
from accounts.rows.teams import Invite, Member
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError, EditConflict


class LastOwner(ApiError):
    """The act would leave the workspace without an owner."""

    status = 409
    code = "last_owner"

    def __init__(self):
        super().__init__("A workspace keeps at least one owner. Make somebody else an owner first.")


def member(workspace_id: str, person_id: str) -> Member | None:
    """A person's place in a workspace, as it is now."""
    return Member.find(workspace_id, person_id)


def members(workspace_id: str) -> list[Member]:
    """Everybody in a workspace."""
    return list(Member.query(workspace_id, consistent_read=True))


def memberships(person_id: str) -> list[Member]:
    """Every place of a person, from an index: for lists alone."""
    return list(Member.person_index.query(person_id))


# The namespaces of one person, ever: the largest plan has 25 workspaces, and each may be renamed a few times.
NAMESPACES_PER_PERSON = 100


def create_with_owner(row: Workspace, person_id: str, entry: AuditEntry | None = None) -> None:
    """Create a workspace with its first owner and the claim of its namespace, which counts as one of the owner's."""
    claim = Namespace(row.namespace, workspace_id=row.workspace_id)
    owner_row = Member(row.workspace_id, person_id, role="owner", joined=clock.now())
    with dynamo.transaction() as transaction:
        retired_namespaces.require_available(transaction, row.namespace)
        transaction.save(claim, if_absent=True, name="namespace")
        transaction.save(row, if_absent=True)
        transaction.save(owner_row, if_absent=True)
        _count_namespace(transaction, person_id)
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


def join(invite: Invite, token_digest: str, person_id: str, entry: AuditEntry | None = None) -> bool:
    """Use up an invite and add the member; False where the invite is no longer what it was."""
    member_row = Member(invite.workspace_id, person_id, role=invite.role, joined=clock.now())
    condition = (Invite.token_digest == token_digest) & (Invite.ends > clock.now()) & (Invite.role == invite.role)
    try:
        with dynamo.transaction() as transaction:
            transaction.delete(invite, condition=condition)
            transaction.save(member_row, if_absent=True)
            audit.add_to_transaction(transaction, entry)
            if invite.role == "owner":
                _count_owners(transaction, invite.workspace_id, 1)
    except dynamo.TransactionCanceled:
        return False
    return True


def change_role(row: Member, role: str, entry: AuditEntry | None = None) -> None:
    """Give a member another role. Raises LastOwner, EditConflict."""
    owners_delta = (role == "owner") - (row.role == "owner")
    _write(row.workspace_id, owners_delta, lambda transaction: _set_role(transaction, row, role), entry)


def remove(row: Member, entry: AuditEntry | None = None) -> None:
    """Remove a member. Raises LastOwner, EditConflict."""
    owners_delta = -1 if row.role == "owner" else 0
    condition = Member.role == row.role
    _write(row.workspace_id, owners_delta, lambda transaction: transaction.delete(row, condition=condition), entry)


def remove_everywhere(person_id: str) -> None:
    """Take somebody out of every workspace, its last owner too: for the replay of an erasure after a restore alone."""
    for row in list(Member.scan(Member.person_id == person_id, consistent_read=True)):
        with dynamo.transaction() as transaction:
            transaction.delete(row)
            if row.role == "owner" and store.workspace(row.workspace_id) is not None:
                workspace = Workspace(row.workspace_id)
                transaction.update(workspace, [Workspace.owners.add(-1)], condition=Workspace.is_present())


def transfer_ownership(current_owner: Member, new_owner: Member, entry: AuditEntry | None = None) -> None:
    """Make `new_owner` an owner and `current_owner` an admin, at once."""

    def swap_roles(transaction: dynamo.Transaction) -> None:
        _set_role(transaction, new_owner, "owner")
        _set_role(transaction, current_owner, "admin")

    _write(current_owner.workspace_id, 0, swap_roles, entry)


def _set_role(transaction: dynamo.Transaction, row: Member, role: str) -> None:
    transaction.update(row, [Member.role.set(role)], condition=Member.role == row.role)


def _write(workspace_id: str, owners_delta: int, add_writes, entry: AuditEntry | None) -> None:
    """Commit a change of the team and of its count of owners (`owners_delta`). Raises LastOwner, EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            add_writes(transaction)
            audit.add_to_transaction(transaction, entry)
            if owners_delta:
                _count_owners(transaction, workspace_id, owners_delta)
    except dynamo.TransactionCanceled as error:
        raise (LastOwner() if owners_delta < 0 and "owners" in error.failed else EditConflict()) from error


def _count_owners(transaction: dynamo.Transaction, workspace_id: str, delta: int) -> None:
    condition = Workspace.owners >= 2 if delta < 0 else Workspace.is_present()
    transaction.update(Workspace(workspace_id), [Workspace.owners.add(delta)], condition=condition, name="owners")
