"""The stub's pages: a Checkout, a portal, an invoice, a refusal. Plain, and marked as a stub at every turn."""

from html import escape
from typing import Any

HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} (stub)</title><style>body{{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;
padding:0 1rem;color:#222}}button{{font:inherit;padding:.5rem 1rem}}.stub{{background:#fff3c4;padding:.5rem 1rem;
border:1px solid #b58900}}td{{padding:.2rem 1rem .2rem 0}}</style>
<p class="stub"><strong>STUB</strong>: this page stands in for Stripe on this machine. No money moves.</p>
<h1>{title}</h1>"""


def money(cents: int) -> str:
    """Cents as dollars."""
    return f"${cents // 100:,}.{cents % 100:02d}"


def checkout(session: dict[str, Any], prices: list[dict[str, Any]], card_refused: bool) -> str:
    """What is sold, and two ways out; of a session that is over, the way back alone."""
    if session["status"] != "open":
        notice = f"<p>This session is {session['status']}."
        return HEAD.format(title="Checkout") + f'{notice}<p><a href="{escape(session["cancel_url"] or "/")}">Back</a>'
    rows = "".join(f"<tr><td>{escape(price['product'])}<td>{_price(price)}" for price in prices)
    alert = "<p role=alert>The card was refused. Nothing was charged." if card_refused else ""
    return (
        HEAD.format(title="Checkout") + f"{alert}<table>{rows}</table>"
        f'<form method=post action="/checkout/{session["id"]}/pay"><p><button>Subscribe</button></form>'
        f'<p><a href="{escape(session["cancel_url"] or "/")}">Back without buying</a>'
    )


def _price(price: dict[str, Any]) -> str:
    if price["recurring"]["meter"]:
        return f"{price['unit_amount_decimal']} cents a credit beyond the plan's"
    return f"{money(price['unit_amount'])} a {price['recurring']['interval']}"


def portal(customer: str, return_url: str, subscriptions: list[dict], invoices: list[dict], refuses_cards: bool) -> str:
    """What there is, and a button to cancel it."""
    parts = [HEAD.format(title="Portal")]
    for subscription in subscriptions:
        is_ending = subscription["cancel_at_period_end"] or subscription["cancel_at"]
        ending = ", ends with its period" if is_ending else ""
        parts.append(
            f"<p>{escape(subscription['items']['data'][0]['price']['product'])}: {subscription['status']}{ending}"
        )
        if subscription["status"] != "canceled" and not ending:
            parts.append(f'<form method=post action="/portal/{customer}/cancel"><button>Cancel plan</button></form>')
    parts += [f"<p>Invoice {issued['number']}: {money(issued['total'])}, {issued['status']}" for issued in invoices]
    label = "Use a card that pays" if refuses_cards else "Use a card that refuses"
    parts.append(f'<form method=post action="/portal/{customer}/card"><p><button>{label}</button></form>')
    return "".join(parts) + f'<p><a href="{escape(return_url)}">Return to img apis</a>'


def invoice(invoice_object: dict[str, Any]) -> str:
    """An invoice; an open one is paid here, with whatever the bank asks for."""
    button = (
        f'<form method=post action="/invoice/{invoice_object["id"]}/confirm"><p><button>Confirm and pay</button></form>'
    )
    return (
        HEAD.format(title=f"Invoice {invoice_object['number']}")
        + f"<p>{money(invoice_object['total'])}, {invoice_object['status']}"
        + (button if invoice_object["status"] == "open" else "")
    )
