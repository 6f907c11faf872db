"""Stripe's events, as its webhooks bring them and as its API lists them; each is claimed once, in the transaction of
its effect (B11)."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from billing.models import StripeEvent
from billing.models import stripe_events as stripe_event_rows
from billing.stripe import gateway
from billing.stripe.stripe_facts import EventSnapshot, InvalidWebhookSignature, StripeRefused
from imgapis.base import clock, dynamo

if TYPE_CHECKING:
    from billing.stripe.gateway import StripeEventObject

KEPT_SECONDS = 90 * clock.DAY


def of_id(event_id: str) -> StripeEvent | None:
    """An event that was acted on, or ignored."""
    return stripe_event_rows.find(event_id)


def claim(transaction: dynamo.Transaction, event: EventSnapshot, workspace_id: str) -> None:
    """Put the claim of an event into the transaction of its effect; its condition fails where it acted before."""
    transaction.save(_row(event, "acted", workspace_id), if_absent=True)


def ignore(event: EventSnapshot, reason: str, workspace_id: str = "") -> bool:
    """Write down that an event has no effect, and why; False where it came before."""
    return stripe_event_rows.add(_row(event, reason, workspace_id))


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


def is_understood(version: str) -> bool:
    """Whether what has an API version is shaped as this library reads it: between the versions of one release, which
    share the name behind the full stop, Stripe only adds (H21)."""
    return version.partition(".")[2] == gateway.VERSION.partition(".")[2]


def verify_event(body: bytes, signature: str) -> EventSnapshot:
    """An event out of a webhook's raw body, signed with the endpoint's secret or with one that it takes the place of.
    Raises InvalidWebhookSignature (B10)."""
    try:
        return _event_snapshot(gateway.construct_event(body, signature))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise InvalidWebhookSignature from error


def event(event_id: str) -> EventSnapshot | None:
    """An event by its id, as Stripe has it (thirty days); None where it has none."""
    try:
        return _event_snapshot(gateway.call(gateway.api().events.retrieve, event_id))
    except StripeRefused:
        return None


def events(kinds: Iterable[str], since: float, until: float) -> list[EventSnapshot]:
    """The newest hundred events of some kinds, made between two moments (seconds since 1970), newest first."""
    created = {"gte": int(since), "lte": int(until)}
    return [
        _event_snapshot(item)
        for item in gateway.call(gateway.api().events.list, types=list(kinds), created=created, limit=100).data
    ]


def _event_snapshot(stripe_event: "StripeEventObject") -> EventSnapshot:
    event_object = stripe_event.data.object.to_dict()
    customer = event_object.get("customer") or (event_object["id"] if event_object.get("object") == "customer" else "")
    return EventSnapshot(
        stripe_event.id,
        stripe_event.type,
        bool(stripe_event.livemode),
        stripe_event.api_version or "",
        int(stripe_event.created),
        customer if isinstance(customer, str) else customer.get("id", ""),
        event_object.get("id") or "",
        event_object["id"] if event_object.get("object") == "charge" else event_object.get("charge") or "",
    )
