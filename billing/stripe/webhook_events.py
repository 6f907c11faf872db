"""Stripe's events, as its webhooks bring them and as its API lists them, converted to our own type."""

from collections.abc import Iterable

import stripe
from django.conf import settings

from billing.stripe import gateway
from billing.stripe.stripe_facts import EventSnapshot, InvalidWebhookSignature, StripeRefused


def is_understood(version: str) -> bool:
    """Whether what has an API version is shaped as this library reads it: between the versions of one release, which
    share the name behind the full stop, Stripe only adds (H21)."""
    return version.partition(".")[2] == gateway.VERSION.partition(".")[2]


def verify_event(body: bytes, signature: str) -> EventSnapshot:
    """An event out of a webhook's raw body, signed with the endpoint's secret or with one that it takes the place of.
    Raises InvalidWebhookSignature (B10)."""
    last_error: Exception | None = None
    for secret in (settings.STRIPE_WEBHOOK_SECRET, *settings.STRIPE_WEBHOOK_SECRET_FALLBACKS):
        try:
            stripe_event = stripe.Webhook.construct_event(body, signature, secret, settings.STRIPE_TOLERANCE_SECONDS)
            return _event_snapshot(stripe_event)
        except stripe.SignatureVerificationError as error:
            last_error = error
        except (ValueError, KeyError, AttributeError, TypeError, stripe.StripeError) as error:
            raise InvalidWebhookSignature from error
    raise InvalidWebhookSignature from last_error


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


def _event_snapshot(stripe_event) -> EventSnapshot:
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
