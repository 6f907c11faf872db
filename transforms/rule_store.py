"""Queries and writes of presets, fallbacks, purges, blocks and signing keys; a change is one transaction with the
revision."""

from collections.abc import Iterable
from typing import Any

from pynamodb.expressions.update import Action

from accounts import audit
from accounts.models import Workspace
from accounts.rows.audit import AuditEntry
from imgapis.base import clock, dynamo
from imgapis.base.errors import EditConflict
from transforms.models import BlockRule, Fallback, Preset, PurgeRule, Source


def presets(workspace_id: str) -> list[Preset]:
    """Every preset, by name."""
    return list(Preset.query(workspace_id, consistent_read=True))


def preset(workspace_id: str, name: str) -> Preset | None:
    """One preset."""
    return Preset.find(workspace_id, name)


def fallbacks(workspace_id: str) -> list[Fallback]:
    """Every fallback, by name."""
    return list(Fallback.query(workspace_id, consistent_read=True))


def fallback(workspace_id: str, name: str) -> Fallback | None:
    """One fallback."""
    return Fallback.find(workspace_id, name)


def purges(workspace_id: str) -> list[PurgeRule]:
    """Every rule that has not expired (TTL deletes late), oldest first."""
    now = clock.utc(int(clock.now()))
    return [row for row in PurgeRule.query(workspace_id, consistent_read=True) if row.expires > now]


def blocks(workspace_id: str) -> list[BlockRule]:
    """Every block by staff, oldest first."""
    return list(BlockRule.query(workspace_id, consistent_read=True))


def save(row: Preset | Fallback | PurgeRule | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Save a row whole, and raise the workspace's revision from the one its checks were made at; with an `entry` of the
    audit log. Raises EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            transaction.save(row)
            audit.add_to_transaction(transaction, entry)
            _raise_revision(transaction, row.workspace_id, revision)
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error


def delete(row: Preset | Fallback | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Delete a row, and raise the workspace's revision; with an `entry` of the audit log. Raises EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            transaction.delete(row)
            audit.add_to_transaction(transaction, entry)
            _raise_revision(transaction, row.workspace_id, revision)
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error


def change_default_fallbacks(
    workspace_id: str, revision: int, own: str, of_sources: list[tuple[Source, str]], entry: AuditEntry
) -> None:
    """Set the workspace's default and those of some sources (99 at most), which are not edited by it: their pictures
    stay what they are. Raises EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            for source, name in of_sources:
                transaction.update(source, [Source.fallback.set(name)], condition=Source.source_id == source.source_id)
            audit.add_to_transaction(transaction, entry)
            _raise_revision(transaction, workspace_id, revision, [Workspace.fallback.set(own)])
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error


def sweep(rows: Iterable[PurgeRule]) -> None:
    """Delete rules that a newer one supersedes."""
    rows = list(rows)
    if rows:
        with PurgeRule.batch_write() as batch:
            for row in rows:
                batch.delete(row)


def change_keys(row: Workspace, keys: list[dict], **values: Any) -> None:
    """Replace the signing keys of `row`. Raises EditConflict where they have changed since it was read."""
    condition = Workspace.signing_keys == row.signing_keys
    if not row.signing_keys:
        condition = condition | Workspace.signing_keys.does_not_exist()
    if not row.update_if(Workspace.is_present() & condition, signing_keys=keys, **values):
        raise EditConflict


def _raise_revision(
    transaction: dynamo.Transaction, workspace_id: str, revision: int, actions: Iterable[Action] = ()
) -> None:
    """Raise the revision from the one that was read; `actions` change the workspace's row in the same write."""
    condition = Workspace.rules_revision == revision
    if not revision:
        condition = condition | Workspace.rules_revision.does_not_exist()
    transaction.update(
        Workspace(workspace_id),
        [Workspace.rules_revision.add(1), *actions],
        condition=Workspace.is_present() & condition,
    )
