"""The objects as Stripe's OpenAPI shapes them: every required property, and those that we read. No more is imitated."""

from typing import Any

from imgapis.base import clock

SELF = {"type": "self"}
OFF = {"enabled": False}


def listed(url: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A list, whole."""
    return {"object": "list", "data": rows, "has_more": False, "url": url}


def customer(name: str, now: int, metadata: dict) -> dict[str, Any]:
    """A customer. Checkout fills in who pays."""
    payer = {"email": None, "name": None}
    return {"id": name, "object": "customer", "created": now, "livemode": False, "metadata": metadata} | payer


def payment_method(name: str, now: int, customer_id: str | None) -> dict[str, Any]:
    """A card."""
    address = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}
    return {
        "id": name,
        "object": "payment_method",
        "billing_details": {"address": address, "email": None, "name": None, "phone": None, "tax_id": None},
        "card": {
            "brand": "visa",
            "checks": None,
            "country": "US",
            "display_brand": "visa",
            "exp_month": 12,
            "exp_year": 2040,
            "fingerprint": "stub",
            "funding": "credit",
            "generated_from": None,
            "last4": "4242",
            "networks": None,
            "regulated_status": "unregulated",
            "three_d_secure_usage": None,
            "wallet": None,
        },
        "created": now,
        "customer": customer_id,
        "customer_account": None,
        "livemode": False,
        "metadata": {},
        "type": "card",
    }


def product(name: str, now: int, title: str, metadata: dict) -> dict[str, Any]:
    """A product."""
    return {
        "id": name,
        "object": "product",
        "active": True,
        "created": now,
        "updated": now,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": metadata,
        "name": title,
    }


def price(name: str, now: int, params: dict[str, Any]) -> dict[str, Any]:
    """A price, licensed or metered."""
    recurring = params.get("recurring", {})
    return {
        "id": name,
        "object": "price",
        "active": True,
        "billing_scheme": "per_unit",
        "created": now,
        "currency": params["currency"],
        "livemode": False,
        "lookup_key": params.get("lookup_key"),
        "metadata": {},
        "product": params["product"],
        "type": "recurring",
        "unit_amount": int(params["unit_amount"]) if "unit_amount" in params else None,
        "unit_amount_decimal": str(params.get("unit_amount_decimal", params.get("unit_amount"))),
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "recurring": {
            "interval": recurring["interval"],
            "interval_count": 1,
            "meter": recurring.get("meter"),
            "usage_type": recurring.get("usage_type", "licensed"),
        },
    }


def meter(name: str, now: int, params: dict[str, Any]) -> dict[str, Any]:
    """A meter."""
    return {
        "id": name,
        "object": "billing.meter",
        "created": now,
        "updated": now,
        "livemode": False,
        "status": "active",
        "customer_mapping": {"event_payload_key": "stripe_customer_id", "type": "by_id"},
        "default_aggregation": {"formula": "sum"},
        "display_name": params["display_name"],
        "event_name": params["event_name"],
        "status_transitions": {},
        "value_settings": {"event_payload_key": "value"},
    }


def meter_event(now: int, params: dict[str, Any]) -> dict[str, Any]:
    """A meter event."""
    return {
        "object": "billing.meter_event",
        "created": now,
        "event_name": params["event_name"],
        "livemode": False,
        "identifier": params["identifier"],
        "payload": params["payload"],
        "timestamp": int(params["timestamp"]),
    }


def meter_summary(name: str, meter_id: str, start: int, end: int, value: int) -> dict[str, Any]:
    """What a meter counted of a customer from `start` to before `end`."""
    return {
        "id": name,
        "object": "billing.meter_event_summary",
        "aggregated_value": value,
        "end_time": end,
        "livemode": False,
        "meter": meter_id,
        "start_time": start,
    }


def session(name: str, now: int, params: dict[str, Any], url: str) -> dict[str, Any]:
    """A Checkout session; what it sells is in its metadata."""
    return {
        "id": name,
        "object": "checkout.session",
        "created": now,
        "expires_at": now + clock.DAY,
        "livemode": False,
        "mode": "subscription",
        "automatic_tax": {"enabled": params.get("automatic_tax", {}).get("enabled") == "true"},
        "custom_fields": [],
        "custom_text": {},
        "payment_method_types": ["card"],
        "payment_status": "unpaid",
        "status": "open",
        "shipping_options": [],
        "customer": params["customer"],
        "client_reference_id": params.get("client_reference_id"),
        "success_url": params["success_url"],
        "cancel_url": params.get("cancel_url"),
        "url": url,
        "subscription": None,
        "metadata": {"stub_prices": ",".join(line["price"] for line in params["line_items"])},
    }


def subscription(name: str, now: int, customer_id: str, prices: list[dict], end: int, ids: list[str]) -> dict[str, Any]:
    """A subscription of some prices, its first period begun now."""
    items = [item(ids[index], name, now, price_object, now, end) for index, price_object in enumerate(prices)]
    return {
        "id": name,
        "object": "subscription",
        "automatic_tax": {"enabled": True},
        "billing_cycle_anchor": now,
        "billing_mode": {"type": "flexible"},
        "billing_schedules": [],
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "usd",
        "customer": customer_id,
        "discounts": [],
        "ended_at": None,
        "invoice_settings": {"issuer": SELF},
        "items": listed(f"/v1/subscription_items?subscription={name}", items),
        "livemode": False,
        "metadata": {},
        "schedule": None,
        "start_date": now,
        "status": "active",
        "latest_invoice": None,
        "pending_update": None,
    }


def item(name: str, subscription_id: str, now: int, price_object: dict, start: int, end: int) -> dict[str, Any]:
    """An item of a subscription."""
    item_object = {
        "id": name,
        "object": "subscription_item",
        "created": now,
        "current_period_start": start,
        "current_period_end": end,
        "discounts": [],
        "metadata": {},
        "price": price_object,
        "subscription": subscription_id,
    }
    return item_object if price_object["recurring"]["usage_type"] == "metered" else item_object | {"quantity": 1}


def schedule(name: str, now: int, subscription_object: dict[str, Any], phases: list[dict[str, Any]]) -> dict[str, Any]:
    """A schedule."""
    return {
        "id": name,
        "object": "subscription_schedule",
        "billing_mode": {"type": "flexible"},
        "created": now,
        "customer": subscription_object["customer"],
        "end_behavior": "release",
        "livemode": False,
        "metadata": {},
        "phases": phases,
        "current_phase": {"start_date": phases[0]["start_date"], "end_date": phases[0]["end_date"]},
        "default_settings": {"billing_cycle_anchor": "automatic", "invoice_settings": {"issuer": SELF}},
        "status": "active",
        "subscription": subscription_object["id"],
    }


def phase(prices: list[dict[str, Any]], start: int, end: int, behavior: str = "none") -> dict[str, Any]:
    """A phase of a schedule; `behavior`: whether its beginning creates prorations."""
    items = [
        {"discounts": [], "price": price_object["id"]}
        | ({} if price_object["recurring"]["usage_type"] == "metered" else {"quantity": 1})
        for price_object in prices
    ]
    return {
        "add_invoice_items": [],
        "currency": "usd",
        "discounts": [],
        "items": items,
        "proration_behavior": behavior,
        "start_date": start,
        "end_date": end,
    }


def event(name: str, now: int, version: str, kind: str, data_object: dict[str, Any]) -> dict[str, Any]:
    """An event."""
    return {
        "id": name,
        "object": "event",
        "api_version": version,
        "created": now,
        "data": {"object": data_object},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }


def portal_session(
    name: str, now: int, customer_id: str, configuration: str, url: str, return_url: str
) -> dict[str, Any]:
    """A portal session."""
    return {
        "id": name,
        "object": "billing_portal.session",
        "configuration": configuration,
        "created": now,
        "customer": customer_id,
        "livemode": False,
        "url": url,
        "return_url": return_url,
    }


def configuration(name: str, now: int, payer_fields: list[str]) -> dict[str, Any]:
    """The portal's configuration."""
    features = {
        "customer_update": {"allowed_updates": payer_fields, "enabled": True},
        "invoice_history": {"enabled": True},
        "payment_method_update": {"enabled": True, "payment_method_configuration": None},
        "subscription_cancel": {
            "enabled": True,
            "mode": "at_period_end",
            "proration_behavior": "none",
            "cancellation_reason": {"enabled": False, "options": ["other"]},
        },
        "subscription_update": {
            "billing_cycle_anchor": "unchanged",
            "default_allowed_updates": [],
            "enabled": False,
            "proration_behavior": "none",
            "trial_update_behavior": "end_trial",
            "schedule_at_period_end": {"conditions": []},
        },
    }
    return {
        "id": name,
        "object": "billing_portal.configuration",
        "active": True,
        "application": None,
        "business_profile": {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None},
        "created": now,
        "updated": now,
        "features": features,
        "is_default": True,
        "livemode": False,
        "login_page": {"enabled": False, "url": None},
        "default_return_url": None,
        "metadata": {},
        "name": None,
    }


def endpoint(name: str, now: int, params: dict[str, Any]) -> dict[str, Any]:
    """A webhook endpoint."""
    return {
        "id": name,
        "object": "webhook_endpoint",
        "api_version": params.get("api_version"),
        "application": None,
        "created": now,
        "description": None,
        "enabled_events": params["enabled_events"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "status": "enabled",
        "url": params["url"],
    }
