"""The data access of people, sessions and workspaces: one function per access pattern; races are resolved here."""

from collections.abc import Iterator
from typing import Any

from accounts import audit, retired_namespaces
from accounts.models import Namespace, Person, SessionRow, Workspace
from accounts.rows.audit import AuditEntry
from imgapis.base import dynamo
from imgapis.base.errors import ApiError


class NamespaceTaken(ApiError):
    """Somebody has, or had, the namespace."""

    status = 409
    code = "namespace_taken"


class WorkspaceGone(ApiError):
    """The workspace was erased while a request of it ran."""

    status = 404
    code = "not_found"

    def __init__(self) -> None:
        super().__init__("The workspace is gone.")


def person(person_id: str) -> Person | None:
    """The person of an id."""
    return Person.find(person_id)


def people(person_ids: list[str]) -> list[Person]:
    """The people of some ids, those that there are, in no order."""
    return list(Person.batch_get(person_ids, consistent_read=True))


def workspace(workspace_id: str) -> Workspace | None:
    """The workspace of an id, as it is now."""
    return Workspace.find(workspace_id)


def require_workspace(workspace_id: str) -> Workspace:
    """The workspace of an id, as it is now. Raises WorkspaceGone."""
    row = workspace(workspace_id)
    if row is None:
        raise WorkspaceGone
    return row


def workspaces(workspace_ids: list[str]) -> list[Workspace]:
    """The workspaces of some ids, those that there are, in no order."""
    return list(Workspace.batch_get(workspace_ids, consistent_read=True))


def iter_workspace_ids() -> Iterator[str]:
    """The id of every workspace, in no order."""
    return (row.workspace_id for row in Workspace.scan())


def workspace_of_namespace(namespace: str) -> Workspace | None:
    """The workspace an image host belongs to; a renamed workspace goes on under its old namespace too."""
    claim = Namespace.find(namespace)
    return workspace(claim.workspace_id) if claim else None


def create_workspace(row: Workspace) -> None:
    """Create a workspace and claim its namespace in one transaction; NamespaceTaken where the claim is lost."""
    claim = Namespace(row.namespace, workspace_id=row.workspace_id)
    try:
        with dynamo.transaction() as transaction:
            retired_namespaces.require_available(transaction, row.namespace)
            transaction.save(claim, if_absent=True)
            transaction.save(row, if_absent=True)
    except dynamo.TransactionCanceled as error:
        if error.failed:
            raise NamespaceTaken(f"The namespace {row.namespace} is taken.", param="namespace") from error
        raise


def change_workspace(row: Workspace, entry: AuditEntry | None = None, **values: Any) -> None:
    """Set attributes of a workspace that exists; `row` is refreshed. An `entry` of the audit log is written in the same
    transaction."""
    actions = [getattr(Workspace, name).set(value) for name, value in values.items()]
    if entry is None:
        row.update(actions=actions, condition=Workspace.is_present())
        return
    with dynamo.transaction() as transaction:
        audit.add_to_transaction(transaction, entry)
        transaction.update(row, actions, condition=Workspace.is_present())
    row.refresh(consistent_read=True)


def session(digest: str) -> SessionRow | None:
    """The session of a key's digest, expired or not."""
    return SessionRow.find(digest)


def delete_session(digest: str) -> None:
    """End a session on the server; ending it twice is no error."""
    SessionRow(digest).delete()
