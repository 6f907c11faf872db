"""Changes of presets, fallbacks, purges and blocks, each in one transaction with the revision of the rules."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from pynamodb.expressions.update import Action

from accounts import audit
from accounts.models import AuditEntry, Workspace
from imgapis.base import dynamo
from imgapis.base.errors import EditConflict
from transforms.models import BlockRule, Fallback, Preset, PurgeRule, Source


def save(row: Preset | Fallback | PurgeRule | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Save a row whole, and raise the workspace's revision from the one its checks were made at; with an `entry` of the
    audit log. Raises EditConflict."""
    with _change(row.workspace_id, revision, entry) as transaction:
        transaction.save(row)


def delete(row: Preset | Fallback | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Delete a row, and raise the workspace's revision; with an `entry` of the audit log. Raises EditConflict."""
    with _change(row.workspace_id, revision, entry) as transaction:
        transaction.delete(row)


def change_default_fallbacks(
    workspace_id: str, revision: int, own: str, of_sources: list[tuple[Source, str]], entry: AuditEntry
) -> None:
    """Set the workspace's default and those of some sources (99 at most), which are not edited by it: their pictures
    stay what they are. Raises EditConflict."""
    with _change(workspace_id, revision, entry, [Workspace.fallback.set(own)]) as transaction:
        for source, name in of_sources:
            transaction.update(source, [Source.fallback.set(name)], condition=Source.source_id == source.source_id)


@contextmanager
def _change(
    workspace_id: str, revision: int, entry: AuditEntry | None, actions: Iterable[Action] = ()
) -> Iterator[dynamo.Transaction]:
    """A transaction that also writes the `entry` and raises the revision from the one that was read; `actions` change
    the workspace's row in the same write. Raises EditConflict."""
    condition = Workspace.rules_revision == revision
    if not revision:
        condition = condition | Workspace.rules_revision.does_not_exist()
    try:
        with dynamo.transaction() as transaction:
            yield transaction
            audit.add_to_transaction(transaction, entry)
            transaction.update(
                Workspace(workspace_id),
                [Workspace.rules_revision.add(1), *actions],
                condition=Workspace.is_present() & condition,
            )
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error
