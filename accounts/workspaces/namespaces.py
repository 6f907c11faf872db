"""A workspace is created, and renamed, in the transaction that claims its namespace."""

from pynamodb.exceptions import TransactWriteError

from accounts import audit
from accounts.models import AuditEntry, Member, Namespace, NamespaceCount, Workspace
from accounts.models import namespaces as namespace_rows
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import ownership
from accounts.workspaces.ownership import Owned
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError

# The namespaces of one person, ever: the largest plan has 25 workspaces, and each may be renamed a few times.
NAMESPACES_PER_PERSON = 100


class NamespaceTaken(ApiError):
    """Somebody has, or had, the namespace."""

    status = 409
    code = "namespace_taken"


def create(row: Workspace) -> None:
    """Create a workspace and claim its namespace in one transaction, once, also where its own answer is lost on the
    way; NamespaceTaken where the claim is another's."""
    claim = Namespace(row.namespace, workspace_id=row.workspace_id)
    try:
        with dynamo.transaction() as transaction:
            namespace_rows.require_available(transaction, row.namespace)
            transaction.save(claim, if_absent=True)
            transaction.save(row, if_absent=True)
    except TransactWriteError as error:
        if workspace_rows.find(row.workspace_id) is not None:
            return
        if isinstance(error, dynamo.TransactionCanceled) and error.failed:
            raise NamespaceTaken(f"The namespace {row.namespace} is taken.", param="namespace") from error
        raise


def create_with_owner(row: Workspace, owner: Owned, entry: AuditEntry | None = None) -> None:
    """Create a workspace with its first owner and the claim of its namespace, which counts as one of the owner's."""
    claim = Namespace(row.namespace, workspace_id=row.workspace_id)
    owner_row = Member(row.workspace_id, owner.person_id, role="owner", joined=clock.now())
    with dynamo.transaction() as transaction:
        namespace_rows.require_available(transaction, row.namespace)
        transaction.save(claim, if_absent=True, name="namespace")
        transaction.save(row, if_absent=True)
        transaction.save(owner_row, if_absent=True)
        ownership.add_ownership(transaction, owner, row.workspace_id, namespaces_taken=1)
        audit.add_to_transaction(transaction, entry)


def rename(row: Workspace, namespace: str, entry: AuditEntry | None = None, person_id: str = "") -> None:
    """Claim a new namespace and take it; the old claim stays, so that the old one goes on serving. It counts as one of
    `person_id`'s where one is named."""
    claim = Namespace(namespace, workspace_id=row.workspace_id)
    # A workspace may take back a namespace of its own.
    condition = Namespace.is_absent() | (Namespace.workspace_id == row.workspace_id)
    with dynamo.transaction() as transaction:
        namespace_rows.require_available(transaction, namespace)
        transaction.save(claim, condition=condition, name="namespace")
        audit.add_to_transaction(transaction, entry)
        transaction.update(row, [Workspace.namespace.set(namespace)], condition=Workspace.namespace == row.namespace)
        if person_id:
            _count_namespace(transaction, person_id)


def _count_namespace(transaction: dynamo.Transaction, person_id: str) -> None:
    condition = NamespaceCount.is_absent() | (NamespaceCount.taken < NAMESPACES_PER_PERSON)
    transaction.update(NamespaceCount(person_id), [NamespaceCount.taken.add(1)], condition=condition, name="count")
