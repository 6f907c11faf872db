"""The objects as Stripe's OpenAPI shapes them: every required property, and those that we read. No more is imitated."""

from typing import Any

from imgapis.base import clock

SELF = {"type": "self"}
OFF = {"enabled": False}


def listed(url: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A list, whole."""
    return {"object": "list", "data": rows, "has_more": False, "url": url}


def customer(name: str, now: int, metadata: dict) -> dict[str, Any]:
    """A customer."""
    return {"id": name, "object": "customer", "created": now, "livemode": False, "metadata": metadata}


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


def line(
    name: str, subscription_object: dict, item_object: dict, cents: int, start: int, end: int, proration: bool = False
) -> dict[str, Any]:
    """A line of an invoice: what an item costs from `start` to `end`; below 0 for time that is not used."""
    price_object, subscription_id = item_object["price"], subscription_object["id"]
    return {
        "id": name,
        "object": "line_item",
        "amount": cents,
        "subtotal": cents,
        "currency": "usd",
        "discountable": True,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "period": {"start": start, "end": end},
        "subscription": subscription_id,
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": {
                "proration": proration,
                "subscription": subscription_id,
                "subscription_item": item_object["id"],
            },
        },
        "pricing": {
            "type": "price_details",
            "unit_amount_decimal": price_object["unit_amount_decimal"],
            "price_details": {"price": price_object["id"], "product": price_object["product"]},
        },
    }


def invoice(
    name: str,
    now: int,
    subscription_object: dict,
    lines: list[dict[str, Any]],
    paid: bool,
    number: str,
    url: str,
    reason: str,
) -> dict[str, Any]:
    """An invoice of some lines; one whose sum is below 0 has nothing to pay."""
    total = sum(line_object["amount"] for line_object in lines)
    cents = max(0, total)
    return {
        "id": name,
        "object": "invoice",
        "amount_due": cents,
        "amount_overpaid": 0,
        "amount_paid": cents if paid else 0,
        "amount_paid_off_stripe": 0,
        "amount_remaining": 0 if paid else cents,
        "amount_shipping": 0,
        "attempt_count": 1,
        "attempted": True,
        "auto_advance": not paid,
        "automatic_tax": {"enabled": True},
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": "usd",
        "customer": subscription_object["customer"],
        "default_tax_rates": [],
        "discounts": [],
        "hosted_invoice_url": url,
        "issuer": SELF,
        "lines": listed(f"/v1/invoices/{name}/lines", lines),
        "livemode": False,
        "metadata": {},
        "number": number,
        "payment_settings": {},
        "period_end": now,
        "parent": {
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {"subscription": subscription_object["id"], "metadata": {}},
        }
        if subscription_object["id"]
        else None,
        "period_start": now,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "starting_balance": 0,
        "status": "paid" if paid else "open",
        "status_transitions": {},
        "subtotal": total,
        "total": total,
    }


def invoice_item(name: str, now: int, params: dict[str, Any], price_id: str) -> dict[str, Any]:
    """An item that is put on a draft by hand, at a price of its own."""
    price_data, period = params["price_data"], params["period"]
    return {
        "id": name,
        "object": "invoiceitem",
        "amount": 0,
        "currency": price_data["currency"],
        "customer": params["customer"],
        "date": now,
        "description": params.get("description"),
        "discountable": True,
        "discounts": [],
        "invoice": params["invoice"],
        "livemode": False,
        "metadata": params.get("metadata", {}),
        "net_amount": 0,
        "parent": None,
        "period": {name: int(moment) for name, moment in period.items()},
        "pricing": {
            "type": "price_details",
            "unit_amount_decimal": price_data["unit_amount_decimal"],
            "price_details": {"price": price_id, "product": price_data["product"]},
        },
        "proration": False,
        "quantity": int(params["quantity"]),
        "quantity_decimal": params["quantity"],
        "tax_rates": [],
        "test_clock": None,
    }


def invoice_item_line(name: str, item_object: dict[str, Any]) -> dict[str, Any]:
    """The line of an item that was put on a draft by hand."""
    copied = ("amount", "currency", "description", "metadata", "period", "pricing", "quantity")
    details = {"invoice_item": item_object["id"], "proration": False, "subscription": None}
    return {
        "id": name,
        "object": "line_item",
        "subtotal": item_object["amount"],
        "discountable": True,
        "discounts": [],
        "livemode": False,
        "subscription": None,
        "quantity_decimal": item_object["quantity_decimal"],
        "parent": {"type": "invoice_item_details", "invoice_item_details": details},
    } | {key: item_object[key] for key in copied}


def charge(name: str, now: int, customer_id: str, cents: int, payment_intent: str) -> dict[str, Any]:
    """A charge that succeeded."""
    return {
        "id": name,
        "object": "charge",
        "amount": cents,
        "amount_captured": cents,
        "amount_refunded": 0,
        "billing_details": {},
        "captured": True,
        "created": now,
        "currency": "usd",
        "customer": customer_id,
        "disputed": False,
        "livemode": False,
        "metadata": {},
        "paid": True,
        "payment_intent": payment_intent,
        "refunded": False,
        "status": "succeeded",
    }


def invoice_payment(name: str, now: int, invoice_id: str, charge_object: dict[str, Any]) -> dict[str, Any]:
    """The payment of an invoice: the only thing that names both the invoice and what was charged for it."""
    return {
        "id": name,
        "object": "invoice_payment",
        "amount_paid": charge_object["amount"],
        "amount_requested": charge_object["amount"],
        "created": now,
        "currency": "usd",
        "invoice": invoice_id,
        "is_default": True,
        "livemode": False,
        "status": "paid",
        "status_transitions": {"paid_at": now},
        "payment": {"type": "payment_intent", "payment_intent": charge_object["payment_intent"]},
    }


def dispute(name: str, now: int, charge_object: dict[str, Any], cents: int) -> dict[str, Any]:
    """A dispute of a charge. It names no customer."""
    return {
        "id": name,
        "object": "dispute",
        "amount": cents,
        "balance_transactions": [],
        "charge": charge_object["id"],
        "created": now,
        "currency": "usd",
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 7 * clock.DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge_object["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def refund(name: str, now: int, charge_object: dict[str, Any], cents: int, status: str) -> dict[str, Any]:
    """A refund. It names no customer."""
    return {
        "id": name,
        "object": "refund",
        "amount": cents,
        "charge": charge_object["id"],
        "created": now,
        "currency": "usd",
        "metadata": {},
        "payment_intent": charge_object["payment_intent"],
        "status": status,
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


def configuration(name: str, now: int) -> dict[str, Any]:
    """The portal's configuration."""
    features = {
        "customer_update": {"allowed_updates": ["address", "tax_id"], "enabled": True},
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
