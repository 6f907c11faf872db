"""What can be asked of Stripe's events: each is claimed once, in the transaction of its effect (B11)."""

from datetime import UTC, datetime

from pynamodb.exceptions import DoesNotExist, PutError
from pynamodb.transactions import TransactWrite

from billing.gateway import Told
from billing.rows.stripe import StripeEvent
from imgapis.base import clock, dynamo

KEPT_SECONDS = 90 * 86_400


def of_id(event_id: str) -> StripeEvent | None:
    """An event that was acted on, or ignored."""
    try:
        return StripeEvent.get(event_id, consistent_read=True)
    except DoesNotExist:
        return None


def claim(transaction: TransactWrite, told: Told, workspace_id: str) -> None:
    """Put the claim of an event into the transaction of its effect; its condition fails where it acted before."""
    transaction.save(_row(told, "acted", workspace_id), condition=StripeEvent.event_id.does_not_exist())


def ignore(told: Told, why: str, workspace_id: str = "") -> bool:
    """Write down that an event has no effect, and why; False where it came before."""
    try:
        _row(told, why, workspace_id).save(condition=StripeEvent.event_id.does_not_exist())
    except PutError as error:
        if dynamo.lost_race(error):
            return False
        raise
    return True


def _row(told: Told, outcome: str, workspace_id: str) -> StripeEvent:
    now = clock.now()
    return StripeEvent(
        told.event_id, kind=told.kind, outcome=outcome, workspace_id=workspace_id, created=told.created, moment=now,
        expires=datetime.fromtimestamp(int(now) + KEPT_SECONDS, UTC),
    )  # fmt: skip
