"""The end of a workspace at Stripe: what it owes is reported, counted and invoiced; only then its subscription ends,
and its customer is deleted when its last invoice is closed (H2). And the end of a second subscription that was bought
beside another one: it is refunded in full (H33)."""

from contextlib import suppress
from typing import TYPE_CHECKING

from accounts import audit
from accounts.models.workspaces import WorkspaceGone
from billing.charging import entitlement_change, invoice_grants, overage_credits
from billing.charging.entitlement_change import Draft
from billing.models import counters
from billing.models import invoice_grants as invoice_grant_rows
from billing.plans import catalogue
from billing.plans.periods import whole_hour
from billing.stripe import customers, gateway, overage, payments, receipts
from billing.stripe.gateway import PaymentRefused, StripeRefused
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError

if TYPE_CHECKING:
    from billing.stripe.gateway import StripeInvoice, StripeSubscription

UNCLOSED = ("draft", "open")
SETTLING_SECONDS = 900.0  # how long one that has crashed keeps overage off
ENDED_STATES = ("canceled", "incomplete_expired")
DUPLICATE_OF = "duplicate_of"  # metadata of a subscription that was bought beside another one: that one's id
ENDED_UNPAID = "ended_unpaid"  # metadata of an invoice of a period that ends before it is paid
# Stripe's codes where the money of a charge is back already: by a refund, or by the payer's bank.
RETURNED = {"charge_already_refunded", "charge_disputed"}


class InvoiceOpen(ApiError):
    """An invoice of the customer is neither paid nor given up: it could not be paid any more without the customer."""

    status = 503
    code = "invoice_open"

    def __init__(self) -> None:
        super().__init__("An invoice at Stripe is still open.", retry_after=3_600)


def customer_id_of(workspace_id: str) -> str:
    """The id of the workspace's customer at Stripe; empty where it has none."""
    row = customers.of_workspace(workspace_id)
    return row.customer_id if row else ""


def owed_cents(workspace_id: str) -> int:
    """What the workspace has used beyond its plan in periods that are not over, in US cents before tax."""
    running = [row for row in counters.periods(workspace_id) if float(row.ends or 0) > clock.now()]
    return sum(map(overage_credits.owed_cents, running))


def end_subscriptions(workspace_id: str, customer_id: str) -> int:
    """Sell nothing more, invoice what is owed, and end every subscription at once; returns how many were ended. A
    period that is not paid has given nothing, and is not charged any more. Safe to repeat. Raises OverageNotInvoiced
    where Stripe needs more time, and what the gateway raises."""
    if is_deleted(customer_id):
        return 0
    stop_overage(workspace_id)
    gateway.expire_checkouts(customer_id)
    overage.report(workspace_id, customer_id, is_final=True)
    overage.require_reported(workspace_id)
    overage.require_counted(workspace_id, customer_id)
    ended_count = _cancel_all(customer_id)
    _void_periods(customer_id)
    collect(customer_id)
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
    return "closed" if payments.invoices(customer_id, limit=1) else "none"


def unclosed_invoices(customer_id: str) -> "list[StripeInvoice]":
    """The invoices of a customer, deleted or not, that are drafts or wait for their payment."""
    list_invoices = gateway.api().invoices.list
    return [
        invoice
        for status in UNCLOSED
        for invoice in gateway.call(list_invoices, customer=customer_id, status=status, limit=100).data
    ]


def end_duplicates(workspace_id: str, customer_id: str) -> int:
    """End and refund each subscription to a plan that was bought while an older one was served, as by two payment pages
    at once; returns how many. The mark that it gets at Stripe first leads the next look to what a fault left undone;
    the mails and the audit entry, of one transaction, come last and say that all of it is done. Raises what the gateway
    and the store raise."""
    subscriptions = gateway.call(gateway.api().subscriptions.list, customer=customer_id, status="all", limit=100).data
    served = [row for row in subscriptions if row.status in gateway.ENTITLED_STATES and _sells_plan(row)]
    served.sort(key=lambda row: (row.created, row.id))
    duplicates = [row for row in subscriptions if _is_marked(row) and not receipts.is_sent(workspace_id, row.id)]
    for row in served[1:]:
        if not _is_marked(row):
            gateway.call(gateway.api().subscriptions.update, row.id, metadata={DUPLICATE_OF: served[0].id})
            duplicates.append(row)
    for row in duplicates:
        _end_duplicate(workspace_id, row)
    return len(duplicates)


def _is_marked(subscription: "StripeSubscription") -> bool:
    return bool(getattr(subscription.metadata, DUPLICATE_OF, ""))


def _sells_plan(subscription: "StripeSubscription") -> bool:
    return any(gateway.tier_of(item.price) != catalogue.FREE for item in subscription["items"].data)


def _end_duplicate(workspace_id: str, subscription: "StripeSubscription") -> None:
    """Cancel a subscription without a last invoice, refund what it was paid, and say so. Usage beyond the plan is
    invoiced by the one that goes on."""
    _cancel(subscription.id)
    list_invoices = gateway.api().invoices.list
    for invoice in gateway.call(list_invoices, subscription=subscription.id, status="paid", limit=100).data:
        _record_no_grant(workspace_id, invoice)
        _refund(invoice.id)
    mails = receipts.duplicate_refunded(workspace_id)
    tiers = [gateway.tier_of(item.price) for item in subscription["items"].data]
    entry = audit.entry(workspace_id, "stripe", "plan.duplicate_refunded", subscription.id, tiers[0], None)
    try:
        with dynamo.transaction() as transaction:
            receipts.add_record(transaction, workspace_id, subscription.id)
            receipts.add_mails(transaction, mails)
            audit.add_to_transaction(transaction, entry)
    except dynamo.TransactionCanceled:
        if not receipts.is_sent(workspace_id, subscription.id):
            raise
    else:
        receipts.dispatch(mails)


def _cancel(subscription_id: str) -> None:
    resource = gateway.api().subscriptions
    try:
        gateway.call(resource.cancel, subscription_id, invoice_now=False, prorate=False)
    except StripeRefused:
        if gateway.call(resource.retrieve, subscription_id).status not in ENDED_STATES:
            raise


def _record_no_grant(workspace_id: str, invoice: "StripeInvoice") -> None:
    """Write down that an invoice granted nothing, unless it did: its refund then takes nothing of the other plan's."""
    if all(row.invoice_id != invoice.id for row in invoice_grant_rows.of_workspace(workspace_id)):
        period = clock.period_name(whole_hour(invoice.created))
        invoice_grant_rows.add(invoice_grants.new_row(workspace_id, period, invoice.id, 0))


def _refund(invoice_id: str) -> None:
    """Refund what is left of an invoice's payments: Stripe gives back no charge twice."""
    api = gateway.api()
    for row in gateway.call(api.invoice_payments.list, invoice=invoice_id, status="paid", limit=100).data:
        intent = row.payment.payment_intent
        try:
            gateway.call(api.refunds.create, key=f"duplicate-{intent}", payment_intent=intent, reason="duplicate")
        except StripeRefused as refusal:
            if getattr(refusal.__cause__, "code", "") not in RETURNED:
                raise


def stop_overage(workspace_id: str) -> None:
    """Whatever is used from now on is not sold, and nobody allows it before the next try: what is owed stays what it
    is."""
    values = {"overage": False, "settling_until": clock.now() + SETTLING_SECONDS}
    with suppress(WorkspaceGone):
        entitlement_change.update_terms(workspace_id, lambda _: Draft(values))


def _cancel_all(customer_id: str) -> int:
    """End every subscription of a customer, with an invoice of what was used beyond the plan; how many were ended."""
    resource = gateway.api().subscriptions
    subscriptions = gateway.call(resource.list, customer=customer_id, status="all", limit=100).data
    active = [row for row in subscriptions if row.status not in ENDED_STATES]
    for row in active:
        gateway.call(resource.cancel, row.id, invoice_now=True, prorate=False)
    return len(active)


def _void_periods(customer_id: str) -> None:
    """Void what would bill a period of a plan that has ended before it was paid, and so gives nothing; overage that was
    billed with it is invoiced on its own. One that is being paid at this moment stays: Stripe does not void it. The
    mark leads the next look to one that was voided and nothing more."""
    resource = gateway.api().invoices
    for invoice in filter(payments.bills_period, unclosed_invoices(customer_id)):
        if invoice.status == "draft":
            gateway.call(resource.finalize_invoice, invoice.id, auto_advance=False)
        gateway.call(resource.update, invoice.id, metadata={ENDED_UNPAID: "1"})
        with suppress(StripeRefused):
            gateway.call(resource.void_invoice, invoice.id)
    for invoice in gateway.call(resource.list, customer=customer_id, status="void", limit=100).data:
        if getattr(invoice.metadata, ENDED_UNPAID, ""):
            payments.invoice_overage_of(invoice)


def collect(customer_id: str) -> None:
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
