"""The objects of payments as Stripe's API answers with them: invoices, their lines, charges, refunds, disputes."""

from typing import Any

from imgapis.base import clock
from imgapis.devstack.stripe_stub.shapes import SELF, listed


def line(
    name: str,
    subscription_object: dict,
    item_object: dict,
    cents: int,
    start: int,
    end: int,
    *,
    proration: bool = False,
    quantity: int = 1,
) -> dict[str, Any]:
    """A line of an invoice: what an item, or a quantity of what is metered, costs from `start` to `end`; below 0 for
    time that is not used."""
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
        "quantity": quantity,
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
    *,
    reason: str,
    paid: bool = False,
    number: str = "",
    url: str = "",
) -> dict[str, Any]:
    """An invoice of some lines; one whose sum is below 0 has nothing to pay; a draft has no number and no address."""
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
