"""Stripe's events: verified, claimed in the transaction of their effect, and read as "look again", never as fact.

Events come late, twice and in any order (B11, B12). So an event only names a customer; what that customer has is asked
of Stripe at this moment, and the workspace is brought to it.
"""

import logging
from collections.abc import Callable

from django.conf import settings

from billing import customers, gateway, grants, plans, receipts, standing, stripe_events
from billing.gateway import Told
from billing.opening import WorkspaceGone
from billing.rewriting import NotWithin, Within
from imgapis.base import clock

ACTED, AGAIN = "acted", "again"
REASON = "refunded or disputed at Stripe"
log = logging.getLogger("imgapis.webhooks")


def act(event: Told) -> str:
    """Act on a verified event; what became of it: `acted`, `again` (it came before), or why it is ignored (B13).

    Raises what the gateway and the store raise: Stripe then sends it again.
    """
    if event.live != gateway.is_live():
        return _ignored(event, "other mode")
    # The shape of an event follows the API version its endpoint was registered with; only ours is understood.
    if event.version and event.version != gateway.VERSION:
        return _ignored(event, "other version")
    effect = EFFECTS.get(event.kind)
    if effect is None:
        return _ignored(event, "unknown kind")
    workspace_id = customers.workspace_of(event.customer_id) if event.customer_id else None
    if workspace_id is None:
        return _ignored(event, "unknown customer")
    if stripe_events.of_id(event.event_id):
        return AGAIN
    try:
        effect(workspace_id, event, lambda transaction: stripe_events.claim(transaction, event, workspace_id))
    except NotWithin:
        return AGAIN
    except WorkspaceGone:
        return _ignored(event, "workspace gone")
    return ACTED


def _ignored(event: Told, reason: str) -> str:
    log.info("stripe_event_ignored")
    return reason if stripe_events.ignore(event, reason) else AGAIN


def look_again(workspace_id: str, customer_id: str, within: Within | None = None) -> None:
    """Bring a workspace to what its customer has at Stripe at this moment; `within` adds the caller's items to the
    transaction."""
    asked_at = clock.now()
    subscription = gateway.present(customer_id)

    def write_all(transaction) -> None:
        if within:
            within(transaction)
        customers.write(transaction, workspace_id, subscription, asked_at)

    standing.settle(workspace_id, customers.standing(subscription, asked_at), write_all)


def _settle(workspace_id: str, event: Told, within: Within) -> None:
    look_again(workspace_id, event.customer_id, within)


def _paid(workspace_id: str, event: Told, within: Within) -> None:
    look_again(workspace_id, event.customer_id, within)
    receipts.paid(workspace_id, event.customer_id, event.object_id)


def _unpaid(workspace_id: str, event: Told, within: Within) -> None:
    look_again(workspace_id, event.customer_id, within)
    receipts.failed(workspace_id)


def _ended(workspace_id: str, event: Told, within: Within) -> None:
    look_again(workspace_id, event.customer_id, within)
    receipts.ended(workspace_id)


def _refunded(workspace_id: str, event: Told, within: Within) -> None:
    """Take back the part of the plan's credits that the refunds are of what was paid, each refund once (B15)."""
    row = customers.of_workspace(workspace_id)
    halves = plans.of(row.tier if row and row.tier in plans.CATALOGUE else plans.FREE).halves
    for refund in gateway.refunds(event.object_id):
        share_halves = int(halves * refund.share)
        if share_halves:
            try:
                grants.take_back(workspace_id, share_halves, REASON, "stripe", grant_id=refund.refund_id)
            except NotWithin:
                continue  # taken back before
    look_again(workspace_id, event.customer_id, within)


EFFECTS: dict[str, Callable[[str, Told, Within], None]] = {
    "checkout.session.completed": _settle,
    "customer.subscription.created": _settle,
    "customer.subscription.updated": _settle,
    "customer.subscription.paused": _settle,
    "customer.subscription.resumed": _settle,
    "customer.subscription.deleted": _ended,
    "invoice.paid": _paid,
    "invoice.payment_failed": _unpaid,
    "charge.refunded": _refunded,
    "charge.dispute.created": _settle,
    "subscription_schedule.released": _settle,
    "subscription_schedule.updated": _settle,
}


def replay(event_id: str) -> str:
    """Fetch an event from Stripe and act on it, as support does; one that acted before does not act again, but its
    workspace is brought to what Stripe reports now all the same."""
    event = gateway.event(event_id)
    if event is None:
        return "unknown event"
    outcome = act(event)
    workspace_id = customers.workspace_of(event.customer_id) if outcome == AGAIN and event.customer_id else None
    if workspace_id:
        look_again(workspace_id, event.customer_id)
    return outcome


def endpoint_open() -> bool:
    """Whether there is a secret to check signatures by: an empty one could be signed with by anybody."""
    return bool(settings.STRIPE_WEBHOOK_SECRET)
