"""The steps of an erasure, in order: each is safe to repeat, and returns only when its store has confirmed it."""

import logging
from collections.abc import Callable

from accounts.models import Workspace, people
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.stripe import closing
from billing.stripe.closing import InvoiceOpen
from billing.stripe.gateway import NotConfigured, StripeRefused, StripeUnavailable
from billing.stripe.overage import OverageNotInvoiced
from imgapis.base import buckets, clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.holdings import Holding
from imgapis.models import Erasure, erasures
from imgapis.privacy import registry
from transforms import privacy as transforms_privacy

log = logging.getLogger("imgapis.erasure")
STRIPE_FAULTS = {fault.__name__ for fault in (OverageNotInvoiced, NotConfigured, StripeRefused, StripeUnavailable)}
WAITING = (OverageNotInvoiced, InvoiceOpen)  # nothing was removed by a step that raises one
LIVES = ("365d", "1d")
# For what is owed our own stores wait so long, and the customer at Stripe so long, from the day the erasure was asked
# for: whatever Stripe does, the rest is done in time (P19).
INVOICE_DAYS = 14
CUSTOMER_DAYS = 20
LATE_SECONDS = 12 * 3_600  # and this long from its beginning, where it was asked for late
Counts = dict[str, int]
EraseStep = Callable[[Erasure], Counts]


class NotConfirmed(ApiError):
    """A store did not confirm the erasure; the step is retried."""

    status = 503
    code = "erasure_not_confirmed"

    def __init__(self) -> None:
        super().__init__("A store has not confirmed the erasure yet.", retry_after=60)


def steps(kind: str) -> tuple[EraseStep, ...]:
    """The steps of a kind of erasure: functions of its row that return name → how many were removed."""
    apps = tuple(_rows_of(app) for app in registry.APPS)
    if kind == "workspace":
        return (_subscription, _close, _hostnames, *apps, _outputs, _customer)
    return (_end_sessions, *apps)


def _subscription(row: Erasure) -> Counts:
    """Invoice what is owed and end the subscriptions first, while there is a record of what was used; so nobody is
    billed for what is erased, and nobody escapes a bill by erasing it (H2). Until the last day for it a fault of
    Stripe's holds everything up; after it the rest goes on. Raises what `closing` raises."""
    customer_id = closing.customer_id_of(row.subject_id)
    if not customer_id:
        return {}
    try:
        is_owed = closing.owed_cents(row.subject_id) > 0
        erasures.set_customer(row, customer_id, "open" if is_owed else "")
        return {"subscriptions": closing.end_subscriptions(row.subject_id, customer_id)}
    except ApiError:
        if clock.now() < invoice_deadline(row):
            raise
        log.error("overage_not_invoiced")
        return {}


def invoice_deadline(row: Erasure) -> float:
    """Until when an erasure waits for Stripe to invoice what is owed."""
    return max(row.asked + INVOICE_DAYS * clock.DAY, row.began + LATE_SECONDS)


def customer_deadline(row: Erasure) -> float:
    """Until when the customer at Stripe is kept for an invoice that is not closed."""
    return float(row.asked + CUSTOMER_DAYS * clock.DAY)


def waits_for(row: Erasure) -> str:
    """What of Stripe's an erasure waits for: its `invoice` of what was used beyond the plan, before anything of ours is
    erased; the `payment` of it, after everything of ours is; else nothing."""
    if row.state == "running" and not row.step and row.failure in STRIPE_FAULTS:
        return "invoice"
    return "payment" if row.state == "swept" and row.failure == InvoiceOpen.__name__ else ""


def _customer(row: Erasure) -> Counts:
    """Delete the customer at Stripe last: once its last invoice is closed, or on the last day for it. The first sweep
    does not wait for it, and leaves a day for an invoice that has just been asked for. Raises InvoiceOpen, and what the
    gateway raises."""
    if row.state == "swept" and not row.emptied:
        erasures.set_emptied(row, int(clock.now()))
    if not row.customer_id or (row.state == "running" and row.invoices == "open"):
        return {}
    try:
        invoices = closing.invoices_of(row.customer_id)
        closing.delete_customer(row.customer_id, wait=clock.now() < customer_deadline(row))
        if not closing.is_deleted(row.customer_id):
            raise NotConfirmed
    except ApiError:
        if row.state == "running":
            return {}
        raise
    erasures.set_customer(row, "", invoices)
    return {}


def _close(row: Erasure) -> Counts:
    """The tombstone: without the workspace's row no counter is opened, no event shipped, no picture served. The folder
    of its outputs is recorded first: the key it derives from is destroyed with the row."""
    workspace = workspace_rows.find(row.subject_id)
    if workspace is None:
        return {}
    folder = tokens.subkey(workspaces.key(workspace), "folder").hex()[:32]
    erasures.set_folder(row, folder)
    return _remove("workspace", _holding(Workspace), row.subject_id)


def _hostnames(row: Erasure) -> Counts:
    return {"hostnames": transforms_privacy.free_hostnames(row.subject_id)}


def _outputs(row: Erasure) -> Counts:
    """Delete the outputs after the rows: a request still running then has no counter to charge."""
    if not row.folder:
        return {"outputs": 0}
    return {"outputs": sum(buckets.delete_prefix(f"{life}/{row.folder}/") for life in LIVES)}


def _end_sessions(row: Erasure) -> Counts:
    """A person's tombstone: a new session round invalidates every session, those that begin now included."""
    people.raise_session_round(row.subject_id)
    return {}


def _rows_of(app: str) -> EraseStep:
    def remove(row: Erasure) -> Counts:
        counts: Counts = {}
        for holding in registry.APPS[app]:
            counts |= _remove(row.kind, holding, row.subject_id)
        return counts

    remove.__name__ = f"_rows_of_{app}"
    return remove


def _remove(kind: str, holding: Holding, subject_id: str) -> Counts:
    find = registry.find(kind, holding)
    if find is None:
        return {}
    name, removed = holding.row.Meta.table_name.partition("-")[2], 0
    if holding.detach is not None and _in_part(kind, holding):
        for row in find(subject_id):
            removed += holding.detach(row) is not False
    else:
        with holding.row.batch_write() as writer:
            for row in find(subject_id):
                writer.delete(row)
                removed += 1
    return {name: removed}


def _in_part(kind: str, holding: Holding) -> bool:
    """Whether `part` removes the rows: not a workspace's members, which are deleted whole; a person's memberships are
    removed one by one, so that the count of owners stays right."""
    return not (kind == "workspace" and holding.of_person)


def _holding(row_class: type) -> Holding:
    return next(holding for holding in registry.HOLDINGS if holding.row is row_class)
