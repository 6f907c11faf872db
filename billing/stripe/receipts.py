"""Mails about payments, to owners and billing members: a receipt, a refused payment, the end of a plan. Essential ones:
they are not among those that can be turned off."""

from accounts import store as accounts_store
from accounts import team_store
from billing.rows.stripe import Receipt
from billing.stripe import gateway
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail

ROLES = ("owner", "billing")


def is_sent(workspace_id: str, invoice_id: str) -> bool:
    """Whether an invoice's receipt is on record as mailed."""
    return Receipt.find(workspace_id, invoice_id) is not None


def add_record(transaction: dynamo.Transaction, workspace_id: str, invoice_id: str) -> None:
    """Put the record of an invoice's receipt into a transaction: it fails where there is one already."""
    transaction.save(Receipt(workspace_id, invoice_id, moment=clock.now()), if_absent=True)


def send_receipt(workspace_id: str, customer_id: str, invoice_id: str) -> None:
    """Mail a receipt. Where Stripe does not return the invoice any more, none is sent: it is in the portal."""
    try:
        invoice = gateway.invoice(invoice_id)
    except ApiError:
        return
    if invoice.total:
        _send(workspace_id, "Your img apis receipt", "emails/receipt.txt", {
            "number": invoice.number, "total": format_money(invoice.total, invoice.currency),
            "day": clock.day(invoice.created), "url": invoice.url,
        })  # fmt: skip


def send_payment_failed(workspace_id: str) -> None:
    """A payment was refused; Stripe tries again, and the service goes on meanwhile (B15)."""
    _send(workspace_id, "A payment for img apis was refused", "emails/payment_failed.txt", {})


def send_plan_ended(workspace_id: str) -> None:
    """The plan has ended; the workspace is a free one."""
    _send(workspace_id, "Your img apis plan has ended", "emails/plan_ended.txt", {})


def format_money(cents: int, currency: str = "usd") -> str:
    """Cents for people: 1900 → $19.00; another currency by its name."""
    amount = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    sign = "-" if cents < 0 else ""
    return f"{sign}${amount}" if currency == "usd" else f"{sign}{amount} {currency.upper()}"


def _send(workspace_id: str, subject: str, template: str, context: dict) -> None:
    row = accounts_store.workspace(workspace_id)
    if row is None:
        return
    person_ids = [member.person_id for member in team_store.members(workspace_id) if member.role in ROLES]
    full_context = {"workspace": row.business_name or row.namespace, "namespace": row.namespace, **context}
    for person in accounts_store.people(person_ids):
        mail.send(
            person.email, subject, template, full_context, person_id=person.person_id, workspace_id=workspace_id
        )  # fmt: skip
