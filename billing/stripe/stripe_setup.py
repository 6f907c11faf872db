"""What we sell, made known to a Stripe account: by names of our own, so that doing it again makes nothing twice."""

from collections.abc import Iterator

from billing.plans import catalogue
from billing.plans.catalogue import Plan
from billing.stripe import gateway, meter, webhooks


def run(webhook: str) -> Iterator[str]:
    """Make what is absent; a line for each thing that was made. `webhook` is our address for events; where Stripe makes
    an endpoint for it, the last line holds the secret it signs with, for STRIPE_WEBHOOK_SECRET."""
    meter_id = yield from _meter()
    existing_keys = {price.lookup_key for price in gateway.iter_prices()}
    for plan in catalogue.CATALOGUE.values():
        if plan.paid:
            yield from _product(plan)
            yield from _prices(plan, meter_id, existing_keys)
    if not gateway.call(gateway.api().billing_portal.configurations.list, limit=1).data:
        _portal()
        yield "portal configuration"
    yield from _endpoint(webhook)
    gateway.clear_price_cache()


def _meter() -> Iterator[str]:
    if existing := meter.all_of_ours():
        return existing[0].id
    new_meter = gateway.call(
        gateway.api().billing.meters.create, key=f"meter-{meter.METER}", display_name="Credits beyond the plan",
        event_name=meter.METER, default_aggregation={"formula": "sum"}, value_settings={"event_payload_key": "value"},
        customer_mapping={"event_payload_key": "stripe_customer_id", "type": "by_id"},
    )  # fmt: skip
    yield f"meter {new_meter.id}"
    return new_meter.id


def _product(plan: Plan) -> Iterator[str]:
    name = f"imgapis_{plan.tier}"
    try:
        gateway.call(gateway.api().products.retrieve, name)
    except gateway.StripeRefused:
        gateway.call(gateway.api().products.create, id=name, name=f"img apis {plan.title}")
        yield f"product {name}"


def _prices(plan: Plan, meter_id: str, existing_keys: set[str]) -> Iterator[str]:
    prices = {
        interval: {"unit_amount": plan.price(interval), "recurring": {"interval": interval}}
        for interval in catalogue.INTERVALS
    }
    # Cents of one credit; the catalogue names those of a thousand.
    overage = {"interval": "month", "usage_type": "metered", "meter": meter_id}
    prices[gateway.OVERAGE] = {"unit_amount_decimal": f"{plan.overage / 1000:.12g}", "recurring": overage}
    for suffix, params in prices.items():
        name = f"imgapis_{plan.tier}_{suffix}"
        if name not in existing_keys:
            gateway.call(
                gateway.api().prices.create, currency="usd", product=f"imgapis_{plan.tier}", lookup_key=name,
                tax_behavior="exclusive", **params,
            )  # fmt: skip
            yield f"price {name}"


def _portal() -> None:
    features = {
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True},
        "customer_update": {"enabled": True, "allowed_updates": ["address", "tax_id"]},
        "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    }
    gateway.call(gateway.api().billing_portal.configurations.create, features=features)


def _endpoint(webhook: str) -> Iterator[str]:
    resource = gateway.api().webhook_endpoints
    kinds = sorted(webhooks.HANDLERS)
    existing = [endpoint for endpoint in gateway.call(resource.list, limit=100).data if endpoint.url == webhook]
    if existing:
        gateway.call(resource.update, existing[0].id, enabled_events=kinds)
        return
    new_endpoint = gateway.call(resource.create, url=webhook, enabled_events=kinds, api_version=gateway.VERSION)
    yield f"webhook {webhook}: STRIPE_WEBHOOK_SECRET={new_endpoint.secret}"
