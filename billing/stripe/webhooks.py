"""Stripe's events: verified, claimed in the transaction of their effect, and read as "look again", never as fact.

Events come late, twice and in any order (B11, B12). So an event only names a customer; what that customer has is asked
of Stripe at this moment, and the workspace is brought to it.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from django.conf import settings

from accounts.models.workspaces import WorkspaceGone
from billing.charging.entitlement_change import AlreadyApplied, ExtraWrites
from billing.plans import catalogue
from billing.plans.proration import PaidInvoice
from billing.stripe import (
    closing,
    customers,
    gateway,
    overage,
    payments,
    receipts,
    settlements,
    stripe_events,
    subscription_state,
)
from billing.stripe.gateway import StripeRefused
from billing.stripe.stripe_facts import EventSnapshot
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError
from imgapis.base.mail.rows import OutgoingMail
from telemetry import metrics

HANDLED, DUPLICATE, UNKNOWN_EVENT = "acted", "again", "unknown event"
log = logging.getLogger("imgapis.webhooks")


class OtherApiVersion(ApiError):
    """An event in another release of Stripe's API than this installation reads; Stripe sends it again for days."""

    status = 409
    code = "other_api_version"

    def __init__(self, version: str):
        super().__init__(
            f"This event is in version {version} of Stripe's API, and {gateway.VERSION} is read here: run stripe_setup."
        )


def handle(event: EventSnapshot) -> str:
    """Act on a verified event; what became of it: `acted`, `again` (it came before), or why it is ignored (B13).

    Raises OtherApiVersion, and what the gateway and the store raise: Stripe then sends it again.
    """
    if event.live != gateway.is_live():
        return _ignored(event, "other mode")
    effect = HANDLERS.get(event.kind)
    if effect is None:
        return _ignored(event, "unknown kind")
    # The shape of an event follows the API version its endpoint was registered with.
    if event.version and not stripe_events.is_understood(event.version):
        metrics.counts().stripe_events_refused.inc()
        raise OtherApiVersion(event.version)
    event = replace(event, customer_id=customer_of(event))
    workspace_id = customers.workspace_of(event.customer_id) if event.customer_id else None
    if workspace_id is None:
        return _ignored(event, "unknown customer")
    if stripe_events.of_id(event.event_id):
        return DUPLICATE
    try:
        effect(workspace_id, event, lambda transaction: stripe_events.claim(transaction, event, workspace_id))
    except AlreadyApplied:
        return DUPLICATE
    except WorkspaceGone:
        return _ignored(event, "workspace gone")
    return HANDLED


def customer_of(event: EventSnapshot) -> str:
    """The customer of an event, found by its charge where it names none, as a refund and a dispute; empty without."""
    return event.customer_id or (payments.customer_of_charge(event.charge_id) if event.charge_id else "")


def _ignored(event: EventSnapshot, reason: str) -> str:
    log.info("stripe_event_ignored")
    return reason if stripe_events.ignore(event, reason) else DUPLICATE


def sync_subscription(workspace_id: str, customer_id: str, within: ExtraWrites | None = None) -> None:
    """Bring a workspace to what its customer has at Stripe at this moment; `within` adds the caller's items to the
    transaction."""
    asked_at = clock.now()
    subscription = gateway.subscription(customer_id)
    invoices: tuple[PaidInvoice, ...] = ()
    debt = ""
    if subscription is not None and subscription.state in gateway.ENTITLED_STATES:
        invoices, debt = payments.paid_invoices(subscription), payments.overage_debt(subscription)
    entitlement = customers.entitlement(subscription, asked_at, invoices, debt)

    def write_all(transaction: dynamo.Transaction) -> None:
        if within:
            within(transaction)
        customers.write(transaction, workspace_id, subscription, asked_at)

    subscription_state.apply(workspace_id, entitlement, write_all)


def _sync(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """Bring a workspace to what its customer has; before that, end a second plan that was bought beside another (H33),
    and finish an upgrade that was paid and not finished (H32)."""
    closing.end_duplicates(workspace_id, event.customer_id)
    overage.restore_metered(gateway.finish_upgrade(gateway.subscription(event.customer_id)))
    sync_subscription(workspace_id, event.customer_id, within)


def _checkout_completed(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A plan is bought: no other page that was opened for the customer can be paid any more (H33)."""
    gateway.expire_checkouts(event.customer_id)
    _sync(workspace_id, event, within)


def _invoice_paid(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """An invoice is paid: its receipt is mailed once, whatever the number of events that say so (H7)."""
    mails: list[OutgoingMail] = []

    def with_receipt(transaction: dynamo.Transaction) -> None:
        within(transaction)
        receipts.add_record(transaction, workspace_id, event.object_id)
        receipts.add_mails(transaction, mails)

    if not receipts.is_sent(workspace_id, event.object_id):
        mails = receipts.receipt(workspace_id, event.object_id)
        try:
            sync_subscription(workspace_id, event.customer_id, with_receipt)
        except AlreadyApplied:
            if not receipts.is_sent(workspace_id, event.object_id) or stripe_events.of_id(event.event_id):
                raise
        else:
            receipts.dispatch(mails)
            return
    sync_subscription(workspace_id, event.customer_id, within)


def _payment_failed(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A payment was refused. Where it is for an upgrade, whoever asked for it was told on the page: the plan stays as
    it is, and Stripe does not try again (H22)."""
    mails = [] if _is_of_upgrade(event.object_id) else receipts.payment_failed(workspace_id)
    _sync_and_mail(workspace_id, event, within, mails)


def _is_of_upgrade(invoice_id: str) -> bool:
    try:
        return payments.invoice(invoice_id).reason == "subscription_update"
    except StripeRefused:
        return False


def _subscription_ended(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A subscription is over: its last invoice is a draft for an hour and takes what is reported meanwhile (H2). What
    Stripe refuses is on record as failing, and keeps the plan's end not back. Where another one is served the plan goes
    on, and nobody is told otherwise (H33)."""
    current = gateway.subscription(event.customer_id)
    if current is not None and current.state in gateway.ENTITLED_STATES:
        return _sync(workspace_id, event, within)
    with suppress(StripeRefused):
        overage.report(workspace_id, event.customer_id)
    return _sync_and_mail(workspace_id, event, within, receipts.plan_ended(workspace_id))


def _pending_update_applied(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A change that waited for its payer is made (H22): it takes the place of a scheduled plan, not of a cancellation,
    which is taken back by a click of its own."""
    subscription = gateway.subscription(event.customer_id)
    if subscription is not None and subscription.next_tier not in ("", catalogue.FREE):
        gateway.release_schedule(subscription)
    _pending_update_ended(workspace_id, event, within)


def _pending_update_ended(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A change that waited for its payer is made or discarded (H22): overage is reported again."""
    sync_subscription(workspace_id, event.customer_id, within)
    overage.finish_change(workspace_id, event.customer_id)


def _sync_and_mail(workspace_id: str, event: EventSnapshot, within: ExtraWrites, mails: list[OutgoingMail]) -> None:
    """Bring a workspace to what its customer has, and mail what happened, in one transaction."""

    def with_mails(transaction: dynamo.Transaction) -> None:
        within(transaction)
        receipts.add_mails(transaction, mails)

    sync_subscription(workspace_id, event.customer_id, with_mails)
    receipts.dispatch(mails)


def _money_returned(workspace_id: str, event: EventSnapshot, within: ExtraWrites) -> None:
    """A refund or a dispute began, changed or ended (B15). The plan is looked at before, so that what the charge paid
    for is on record, and afterwards, as later months of a year may have become less."""
    sync_subscription(workspace_id, event.customer_id)
    settlements.settle(workspace_id, event.charge_id)
    sync_subscription(workspace_id, event.customer_id, within)


HANDLERS: dict[str, Callable[[str, EventSnapshot, ExtraWrites], None]] = {
    "checkout.session.completed": _checkout_completed,
    "checkout.session.async_payment_succeeded": _checkout_completed,
    "customer.subscription.created": _sync,
    "customer.subscription.updated": _sync,
    "customer.subscription.paused": _sync,
    "customer.subscription.pending_update_applied": _pending_update_applied,
    "customer.subscription.pending_update_expired": _pending_update_ended,
    "customer.subscription.resumed": _sync,
    "customer.subscription.deleted": _subscription_ended,
    "invoice.paid": _invoice_paid,
    "invoice.payment_failed": _payment_failed,
    "invoice.marked_uncollectible": _sync,
    "invoice.voided": _sync,
    "charge.refunded": _money_returned,
    "charge.dispute.created": _money_returned,
    "charge.dispute.updated": _money_returned,
    "charge.dispute.closed": _money_returned,
    "refund.created": _money_returned,
    "refund.updated": _money_returned,
    "refund.failed": _money_returned,
    "subscription_schedule.released": _sync,
    "subscription_schedule.updated": _sync,
}


def replay(event_id: str) -> str:
    """Fetch an event from Stripe and act on it, as support does; one that acted before does not act again, but its
    workspace is brought to what Stripe reports now all the same."""
    event = stripe_events.event(event_id)
    if event is None:
        return UNKNOWN_EVENT
    # It has the version of the account, not of an endpoint: what is read of it, its ids, is the same in all of them.
    outcome = handle(replace(event, version=""))
    customer_id = customer_of(event) if outcome == DUPLICATE else ""
    workspace_id = customers.workspace_of(customer_id) if customer_id else None
    if workspace_id:
        sync_subscription(workspace_id, customer_id)
    return outcome


def is_configured() -> bool:
    """Whether there is a secret to check signatures by: an empty one could be signed with by anybody."""
    return bool(settings.STRIPE_WEBHOOK_SECRET)
