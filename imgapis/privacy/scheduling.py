"""Erasures that somebody asks for or takes back: each in one transaction with its entry of the audit log."""

from typing import Any

from accounts import audit
from accounts.models import AuditEntry
from imgapis.models import Erasure, erasures


def create(row: Erasure, entry: AuditEntry | None = None) -> bool:
    """Create an erasure; False where one exists already. One that was undone can be created again. An `entry` of the
    audit log is in the same transaction."""
    is_free = Erasure.is_absent() | (Erasure.state == "undone")
    return audit.run_with_entry(entry, lambda transaction: transaction.save(row, condition=is_free))


def change_scheduled(row: Erasure, entry: AuditEntry | None, **values: Any) -> bool:
    """Change a scheduled erasure on a person's request, its `entry` of the audit log in the same transaction; False
    where it has begun, or another write came first. The row is read anew."""
    actions = Erasure.assignments(values)
    condition = erasures.unchanged(row, ("scheduled",))
    is_changed = audit.run_with_entry(
        entry, lambda transaction: transaction.update(row, actions=actions, condition=condition)
    )
    erasures.reload(row)
    return is_changed
