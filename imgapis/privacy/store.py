"""Reads and writes of erasures; a worker claims one by a condition before it runs it."""

from collections.abc import Iterator
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from accounts import audit
from accounts.rows.audit import AuditEntry
from imgapis.base import buckets
from imgapis.base.buckets import StoredObject
from imgapis.rows.privacy import Erasure

SUPPRESSED = "suppressed/"  # in the bucket: no restored table takes it back


def erasure(subject_id: str) -> Erasure | None:
    """The erasure of a workspace or a person, as it is now."""
    return Erasure.find(subject_id)


def iter_all() -> Iterator[Erasure]:
    """Every erasure."""
    return Erasure.scan(consistent_read=True)


def create(row: Erasure, entry: AuditEntry | None = None) -> bool:
    """Create an erasure; False where one exists already. One that was undone can be created again. An `entry` of the
    audit log is in the same transaction."""
    is_free = Erasure.is_absent() | (Erasure.state == "undone")
    return audit.run_with_entry(entry, lambda transaction: transaction.save(row, condition=is_free))


def change(row: Erasure, *states: str, **values: Any) -> bool:
    """Change an erasure in one of `states` whose `due` is as read; False where another write came first."""
    return row.update_if(_unchanged(row, states), **values)


def change_scheduled(row: Erasure, entry: AuditEntry | None, **values: Any) -> bool:
    """Change a scheduled erasure on a person's request, its `entry` of the audit log in the same transaction; False
    where it has begun, or another write came first. The row is read anew."""
    actions = [getattr(Erasure, name).set(value) for name, value in values.items()]
    condition = _unchanged(row, ("scheduled",))
    is_changed = audit.run_with_entry(
        entry, lambda transaction: transaction.update(row, actions=actions, condition=condition)
    )
    row.refresh(consistent_read=True)
    return is_changed


def _unchanged(row: Erasure, states: tuple[str, ...]) -> Condition:
    return Erasure.state.is_in(*states) & (Erasure.due == row.due)


def set_folder(row: Erasure, folder: str) -> None:
    """Record the folder of the outputs."""
    row.update(actions=[Erasure.folder.set(folder)], condition=Erasure.is_present())


def set_customer(row: Erasure, customer_id: str, invoices: str = "") -> None:
    """Record the customer at Stripe; or with an empty id that it is deleted, and what is left of its invoices."""
    actions: list[Action] = [Erasure.customer_id.set(customer_id)]
    if invoices:
        actions.append(Erasure.invoices.set(invoices))
    row.update(actions=actions, condition=Erasure.is_present())


def set_emptied(row: Erasure, moment: int) -> None:
    """Record when the second sweep of our own stores was whole."""
    row.update(actions=[Erasure.emptied.set(moment)], condition=Erasure.is_present())


def suppress(kind: str, subject_id: str) -> None:
    """Put an opaque id on the suppression list. Raises BucketError."""
    buckets.put(f"{SUPPRESSED}{kind}/{subject_id}", StoredObject(b"erased", "text/plain", {}))


def suppressed() -> Iterator[tuple[str, str]]:
    """(kind, id) of everything on the suppression list. Raises BucketError."""
    for name in buckets.list_keys(prefix=SUPPRESSED):
        kind, _, subject_id = name.removeprefix(SUPPRESSED).partition("/")
        yield kind, subject_id
