"""What a workspace has a limited number of and is listed by an index, such as keys and domains: added one after the
other, so that many at once do not pass the limit (H10)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from accounts import audit
from accounts.models import AuditEntry, Workspace, workspaces
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError, EditConflict

LAG_SECONDS = 60  # an index shows what was written by then


@dataclass(frozen=True)
class Counted:
    """A kind of thing: `listed(workspace_id)` gives the names of those that a list shows, `exists(name)` tells whether
    one is there that it may not show yet; `refusal(limit)` is the error where there are as many as there may be."""

    kind: str
    listed: Callable[[str], Iterable[str]]
    exists: Callable[[str], bool]
    limit_of: Callable[[Workspace], int]
    refusal: Callable[[int], ApiError]


def require_place(counted: Counted, workspace: Workspace) -> None:
    """Raise the refusal where the workspace has as many as it may."""
    names, limit = set(counted.listed(workspace.workspace_id)), counted.limit_of(workspace)
    names |= {name for name in _lately_added(workspace, counted.kind) - names if counted.exists(name)}
    if len(names) >= limit:
        raise counted.refusal(limit)


def add(
    counted: Counted,
    workspace_id: str,
    name: str,
    write: Callable[[dynamo.Transaction], None],
    entry: AuditEntry | None = None,
) -> bool:
    """Add one by `write`, in a transaction with the audit log's entry; False where a condition of `write`'s is not met.
    Raises the refusal, and EditConflict where the workspace is gone."""
    for _ in dynamo.retries():
        workspace = workspaces.find(workspace_id)
        if workspace is None:
            raise EditConflict
        require_place(counted, workspace)
        try:
            with dynamo.transaction() as transaction:
                write(transaction)
                audit.add_to_transaction(transaction, entry)
                _count(transaction, workspace, f"{counted.kind} {name}")
            return True
        except dynamo.TransactionCanceled as error:
            if error.failed - {"limits"}:
                return False
    raise EditConflict


def _count(transaction: dynamo.Transaction, workspace: Workspace, name: str) -> None:
    revision = int(workspace.limits_revision)
    seen = Workspace.limits_revision == revision
    if not revision:
        seen = Workspace.limits_revision.does_not_exist() | seen
    lines = [line for line in workspace.lately_added if _moment(line) > clock.now() - LAG_SECONDS]
    actions = [
        Workspace.limits_revision.set(revision + 1),
        Workspace.lately_added.set([*lines, f"{int(clock.now())} {name}"]),
    ]
    transaction.update(
        Workspace(workspace.workspace_id), actions, condition=Workspace.is_present() & seen, name="limits"
    )


def _lately_added(workspace: Workspace, kind: str) -> set[str]:
    words = [line.split(" ", 2) for line in workspace.lately_added if _moment(line) > clock.now() - LAG_SECONDS]
    return {name for _, kind_of_name, name in words if kind_of_name == kind}


def _moment(line: str) -> int:
    return int(line.partition(" ")[0])
