"""What we sell, made known to a Stripe account: by names of our own, so that doing it again makes nothing twice."""

import hashlib
from collections.abc import Collection, Generator, Iterator
from typing import TYPE_CHECKING, Any

from django.conf import settings

from billing.plans import catalogue
from billing.plans.catalogue import Plan
from billing.stripe import gateway, meter, stripe_events, webhooks

if TYPE_CHECKING:
    from billing.stripe.gateway import StripeEndpoint

DIGEST = "secret_digest"
PAYER_FIELDS = ["name", "email", "address", "tax_id"]


def run(webhook: str, renew: bool = False) -> Iterator[str]:
    """Make what is absent; a line for each thing that was made. `webhook` is our address for events; where Stripe makes
    an endpoint for it, a line holds the secret it signs with, for STRIPE_WEBHOOK_SECRET. `renew`: make another one."""
    meter_id = yield from _meter()
    existing_keys = {price.lookup_key for price in gateway.iter_prices()}
    for plan in catalogue.CATALOGUE.values():
        if plan.paid:
            yield from _product(plan)
            yield from _prices(plan, meter_id, existing_keys)
    yield from _portal()
    yield from _endpoint(webhook, renew)
    gateway.clear_price_cache()


def _meter() -> Generator[str, None, str]:
    """Make the meter where it is absent; returns its id."""
    if existing := meter.all_of_ours():
        return existing[0].id
    new_meter = gateway.call(
        gateway.api().billing.meters.create,
        key=f"meter-{meter.METER}",
        display_name="Credits beyond the plan",
        event_name=meter.METER,
        default_aggregation={"formula": "sum"},
        value_settings={"event_payload_key": "value"},
        customer_mapping={"event_payload_key": "stripe_customer_id", "type": "by_id"},
    )
    yield f"meter {new_meter.id}"
    return new_meter.id


def _product(plan: Plan) -> Iterator[str]:
    name = f"imgapis_{plan.tier}"
    try:
        gateway.call(gateway.api().products.retrieve, name)
    except gateway.StripeRefused:
        gateway.call(gateway.api().products.create, id=name, name=f"img apis {plan.title}")
        yield f"product {name}"


def _prices(plan: Plan, meter_id: str, existing_keys: Collection[str | None]) -> Iterator[str]:
    prices: dict[str, dict[str, Any]] = {
        interval: {"unit_amount": plan.price(interval), "recurring": {"interval": interval}}
        for interval in catalogue.INTERVALS
    }
    # Cents of one credit; the catalogue names those of a thousand.
    overage = {"interval": "month", "usage_type": "metered", "meter": meter_id}
    prices[gateway.OVERAGE] = {"unit_amount_decimal": f"{plan.overage_price / 1000:.12g}", "recurring": overage}
    for suffix, params in prices.items():
        name = f"imgapis_{plan.tier}_{suffix}"
        if name not in existing_keys:
            gateway.call(
                gateway.api().prices.create,
                currency="usd",
                product=f"imgapis_{plan.tier}",
                lookup_key=name,
                tax_behavior="exclusive",
                **params,
            )
            yield f"price {name}"


def _portal() -> Iterator[str]:
    """The portal's configuration. Name and e-mail address are entered there by whoever pays after a transfer (H34)."""
    resource = gateway.api().billing_portal.configurations
    features: dict[str, Any] = {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "customer_update": {"enabled": True, "allowed_updates": PAYER_FIELDS},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    }
    existing = gateway.call(resource.list, limit=1).data
    if not existing:
        gateway.call(resource.create, features=features)
        yield "portal configuration"
        return
    fields = existing[0].features.customer_update.allowed_updates
    if missing_fields := [name for name in PAYER_FIELDS if name not in fields]:
        update = {"enabled": True, "allowed_updates": [*fields, *missing_fields]}
        gateway.call(resource.update, existing[0].id, features={"customer_update": update})
        yield "portal configuration, in which payers enter their name and e-mail address"


def _endpoint(webhook: str, renew: bool) -> Iterator[str]:
    """One endpoint for our address in a version that is read here. The version of an endpoint cannot be changed, so a
    new one takes its place; the old one goes on sending until the new one's secret is in use (H21)."""
    resource, kinds = gateway.api().webhook_endpoints, sorted(webhooks.HANDLERS)
    existing = [endpoint for endpoint in gateway.call(resource.list, limit=100).data if endpoint.url == webhook]
    readable = [endpoint for endpoint in existing if stripe_events.is_understood(endpoint.api_version or "")]
    if renew or not readable:
        new = gateway.call(resource.create, url=webhook, enabled_events=kinds, api_version=gateway.VERSION)
        gateway.call(resource.update, new.id, metadata={DIGEST: _digest(new.secret or "")})
        yield f"webhook {webhook}: STRIPE_WEBHOOK_SECRET={new.secret}"
        if existing:
            yield "Move the present secret to STRIPE_WEBHOOK_SECRET_FALLBACKS, restart, and run stripe_setup again."
        return
    current = max(readable, key=lambda endpoint: (endpoint.created, _is_in_use(endpoint)))
    gateway.call(resource.update, current.id, enabled_events=kinds)
    others = [endpoint for endpoint in existing if endpoint.id != current.id]
    if others and not _is_in_use(current):
        yield f"{len(others)} older endpoints for {webhook} stay: the secret of the newest is not in use here yet."
        return
    for endpoint in others:
        gateway.call(resource.delete, endpoint.id)
        yield f"webhook endpoint {endpoint.id} of version {endpoint.api_version} is deleted"


def _is_in_use(endpoint: "StripeEndpoint") -> bool:
    """Whether STRIPE_WEBHOOK_SECRET is the secret of an endpoint that was made here."""
    return getattr(endpoint.metadata, DIGEST, "") == _digest(settings.STRIPE_WEBHOOK_SECRET or "")


def _digest(secret: str) -> str:
    """What tells at Stripe which secret an endpoint signs with; Stripe shows the secret once, when it is made."""
    return hashlib.sha256(secret.encode()).hexdigest()[:16]
