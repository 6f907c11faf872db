"""The end of a workspace at Stripe: what it owes is reported, counted and invoiced; only then its subscription ends,
and its customer is deleted when its last invoice is closed (H2)."""

from contextlib import suppress

from accounts import store as accounts_store
from billing import store
from billing.charging import entitlement_change, overage_credits
from billing.charging.counters import WorkspaceGone
from billing.charging.entitlement_change import Draft
from billing.stripe import customers, gateway, overage
from billing.stripe.gateway import PaymentRefused, StripeRefused
from imgapis.base import clock
from imgapis.base.errors import ApiError

UNCLOSED = ("draft", "open")
ENDED_STATES = ("canceled", "incomplete_expired")


class InvoiceOpen(ApiError):
    """An invoice of the customer is neither paid nor given up: it could not be paid any more without the customer."""

    status = 503
    code = "invoice_open"

    def __init__(self):
        super().__init__("An invoice at Stripe is still open.", retry_after=3_600)


def customer_id_of(workspace_id: str) -> str:
    """The id of the workspace's customer at Stripe; empty where it has none."""
    row = customers.of_workspace(workspace_id)
    return row.customer_id if row else ""


def owed_cents(workspace_id: str) -> int:
    """What the workspace has used beyond its plan in periods that are not over, in US cents before tax."""
    running = [row for row in store.counters(workspace_id) if float(row.ends or 0) > clock.now()]
    return sum(map(overage_credits.owed_cents, running))


def end_subscriptions(workspace_id: str, customer_id: str) -> int:
    """Sell nothing more, invoice what is owed, and end every subscription at once; returns how many were ended. Safe to
    repeat. Raises OverageNotInvoiced where Stripe needs more time, and what the gateway raises."""
    if is_deleted(customer_id):
        return 0
    _stop_overage(workspace_id)
    overage.report(workspace_id, customer_id, is_final=True)
    overage.require_reported(workspace_id)
    overage.require_counted(workspace_id, customer_id)
    ended_count = _cancel_all(customer_id)
    _collect(customer_id)
    return ended_count


def delete_customer(customer_id: str, *, wait: bool) -> None:
    """Delete a customer at Stripe, which ends what goes on there; invoices stay there by law. `wait`: not before its
    last invoice is closed. Safe to repeat. Raises InvoiceOpen, and what the gateway raises."""
    if is_deleted(customer_id):
        return
    if wait and unclosed_invoices(customer_id):
        raise InvoiceOpen
    try:
        gateway.call(gateway.api().customers.delete, customer_id)
    except StripeRefused:
        if not is_deleted(customer_id):
            raise


def is_deleted(customer_id: str) -> bool:
    """Whether a customer is deleted at Stripe, or was never there."""
    try:
        return bool(getattr(gateway.call(gateway.api().customers.retrieve, customer_id), "deleted", False))
    except StripeRefused:
        return True


def invoices_of(customer_id: str) -> str:
    """What Stripe holds of a customer: `open` where an invoice is not paid, `closed` where all are, else `none`."""
    if unclosed_invoices(customer_id):
        return "open"
    return "closed" if gateway.invoices(customer_id, limit=1) else "none"


def unclosed_invoices(customer_id: str) -> list:
    """The invoices of a customer, deleted or not, that are drafts or wait for their payment."""
    list_invoices = gateway.api().invoices.list
    return [
        invoice
        for status in UNCLOSED
        for invoice in gateway.call(list_invoices, customer=customer_id, status=status, limit=100).data
    ]


def _stop_overage(workspace_id: str) -> None:
    """Whatever is used from now on is not sold: what is owed stays what it is."""
    row = accounts_store.workspace(workspace_id)
    if row is not None and row.overage:
        with suppress(WorkspaceGone):
            entitlement_change.update_terms(workspace_id, lambda _: Draft({"overage": False}))


def _cancel_all(customer_id: str) -> int:
    """End every subscription of a customer, with an invoice of what was used beyond the plan; how many were ended."""
    resource = gateway.api().subscriptions
    subscriptions = gateway.call(resource.list, customer=customer_id, status="all", limit=100).data
    active = [row for row in subscriptions if row.status not in ENDED_STATES]
    for row in active:
        gateway.call(resource.cancel, row.id, invoice_now=True, prorate=False)
    return len(active)


def _collect(customer_id: str) -> None:
    """Have the last invoices paid: one that was never tried at once, as far as the card allows; the others are left to
    Stripe. Ending a subscription stops their collection there, so it is asked for again."""
    resource = gateway.api().invoices
    for invoice in unclosed_invoices(customer_id):
        if invoice.status == "draft":
            gateway.call(resource.finalize_invoice, invoice.id, auto_advance=True)
        elif not invoice.auto_advance:
            gateway.call(resource.update, invoice.id, auto_advance=True)
        if not invoice.attempt_count:
            with suppress(PaymentRefused, StripeRefused):
                gateway.call(resource.pay, invoice.id)
