"""The data access of Stripe's events: each is claimed once, in the transaction of its effect (B11)."""

from billing.rows.stripe import StripeEvent
from billing.stripe.gateway import EventSnapshot
from imgapis.base import clock, dynamo

KEPT_SECONDS = 90 * clock.DAY


def of_id(event_id: str) -> StripeEvent | None:
    """An event that was acted on, or ignored."""
    return StripeEvent.find(event_id)


def claim(transaction: dynamo.Transaction, event: EventSnapshot, workspace_id: str) -> None:
    """Put the claim of an event into the transaction of its effect; its condition fails where it acted before."""
    transaction.save(_row(event, "acted", workspace_id), if_absent=True)


def ignore(event: EventSnapshot, reason: str, workspace_id: str = "") -> bool:
    """Write down that an event has no effect, and why; False where it came before."""
    return _row(event, reason, workspace_id).save_if(StripeEvent.is_absent())


def _row(event: EventSnapshot, outcome: str, workspace_id: str) -> StripeEvent:
    now = clock.now()
    return StripeEvent(
        event.event_id,
        kind=event.kind,
        outcome=outcome,
        workspace_id=workspace_id,
        created=event.created,
        moment=now,
        expires=clock.utc(int(now) + KEPT_SECONDS),
    )
