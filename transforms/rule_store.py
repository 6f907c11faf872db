"""Queries and writes of presets, purges, blocks and signing keys; a change is one transaction with the revision."""

from collections.abc import Iterable

from accounts import audit
from accounts.models import Workspace
from accounts.rows.audit import AuditEntry
from imgapis.base import clock, dynamo
from imgapis.base.errors import EditConflict
from transforms.models import BlockRule, Preset, PurgeRule


def presets(workspace_id: str) -> list[Preset]:
    """Every preset, by name."""
    return list(Preset.query(workspace_id, consistent_read=True))


def preset(workspace_id: str, name: str) -> Preset | None:
    """One preset."""
    return Preset.find(workspace_id, name)


def purges(workspace_id: str) -> list[PurgeRule]:
    """Every rule that has not expired (TTL deletes late), oldest first."""
    now = clock.utc(int(clock.now()))
    return [row for row in PurgeRule.query(workspace_id, consistent_read=True) if row.expires > now]


def blocks(workspace_id: str) -> list[BlockRule]:
    """Every block by staff, oldest first."""
    return list(BlockRule.query(workspace_id, consistent_read=True))


def save(row: Preset | PurgeRule | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Save a row whole, and raise the workspace's revision from the one its checks were made at; with an `entry` of the
    audit log. Raises EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            transaction.save(row)
            audit.add_to_transaction(transaction, entry)
            _raise_revision(transaction, row.workspace_id, revision)
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error


def delete(row: Preset | BlockRule, revision: int, entry: AuditEntry | None = None) -> None:
    """Delete a row, and raise the workspace's revision; with an `entry` of the audit log. Raises EditConflict."""
    try:
        with dynamo.transaction() as transaction:
            transaction.delete(row)
            audit.add_to_transaction(transaction, entry)
            _raise_revision(transaction, row.workspace_id, revision)
    except dynamo.TransactionCanceled as error:
        raise EditConflict from error


def sweep(rows: Iterable[PurgeRule]) -> None:
    """Delete rules that a newer one supersedes."""
    rows = list(rows)
    if rows:
        with PurgeRule.batch_write() as batch:
            for row in rows:
                batch.delete(row)


def change_keys(row: Workspace, keys: list[dict], **values: str) -> None:
    """Replace the signing keys of `row`. Raises EditConflict where they have changed since it was read."""
    condition = Workspace.signing_keys == row.signing_keys
    if not row.signing_keys:
        condition = condition | Workspace.signing_keys.does_not_exist()
    if not row.update_if(Workspace.is_present() & condition, signing_keys=keys, **values):
        raise EditConflict


def _raise_revision(transaction: dynamo.Transaction, workspace_id: str, revision: int) -> None:
    condition = Workspace.rules_revision == revision
    if not revision:
        condition = condition | Workspace.rules_revision.does_not_exist()
    transaction.update(
        Workspace(workspace_id), [Workspace.rules_revision.add(1)], condition=Workspace.is_present() & condition
    )
