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


def checkout(session: dict[str, Any], prices: list[dict[str, Any]], refused: bool) -> str:
    """What is sold, and two ways out; of a session that is over, the way back alone."""
    if session["status"] != "open":
        over = f"<p>This session is {session['status']}."
        return HEAD.format(title="Checkout") + f'{over}<p><a href="{escape(session["cancel_url"] or "/")}">Back</a>'
    rows = "".join(f"<tr><td>{escape(one['product'])}<td>{_price(one)}" for one in prices)
    sorry = "<p role=alert>The card was refused. Nothing was charged." if refused else ""
    return (
        HEAD.format(title="Checkout") + f"{sorry}<table>{rows}</table>"
        f'<form method=post action="/checkout/{session["id"]}/pay"><p><button>Subscribe</button></form>'
        f'<p><a href="{escape(session["cancel_url"] or "/")}">Back without buying</a>'
    )


def _price(one: dict[str, Any]) -> str:
    if one["recurring"]["meter"]:
        return f"{one['unit_amount_decimal']} cents a credit beyond the plan's"
    return f"{money(one['unit_amount'])} a {one['recurring']['interval']}"


def portal(customer: str, back: str, subscriptions: list[dict], invoices: list[dict], refuses: bool) -> str:
    """What there is, and a button to cancel it."""
    parts = [HEAD.format(title="Portal")]
    for one in subscriptions:
        ends = ", ends with its period" if one["cancel_at_period_end"] else ""
        parts.append(f"<p>{escape(one['items']['data'][0]['price']['product'])}: {one['status']}{ends}")
        if one["status"] != "canceled" and not ends:
            parts.append(f'<form method=post action="/portal/{customer}/cancel"><button>Cancel plan</button></form>')
    parts += [f"<p>Invoice {one['number']}: {money(one['total'])}, {one['status']}" for one in invoices]
    label = "Use a card that pays" if refuses else "Use a card that refuses"
    parts.append(f'<form method=post action="/portal/{customer}/card"><p><button>{label}</button></form>')
    return "".join(parts) + f'<p><a href="{escape(back)}">Return to img apis</a>'


def invoice(found: dict[str, Any]) -> str:
    """An invoice."""
    return HEAD.format(title=f"Invoice {found['number']}") + f"<p>{money(found['total'])}, {found['status']}"
