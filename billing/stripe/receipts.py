"""Mails about payments, to owners and billing members: a receipt, a refused payment, the end of a plan. Essential ones:
they are not among those that can be turned off."""

from accounts.models import members, people, workspaces
from billing.models import Receipt
from billing.models import receipts as receipt_rows
from billing.stripe import payments
from billing.stripe.stripe_facts import StripeRefused
from imgapis.base import clock, dynamo
from imgapis.base.mail import mail, outbox
from imgapis.base.mail.rows import OutgoingMail

ROLES = ("owner", "billing")


def is_sent(workspace_id: str, invoice_id: str) -> bool:
    """Whether an invoice's receipt, or a second subscription's refund, is on record as mailed."""
    return receipt_rows.find(workspace_id, invoice_id) is not None


def receipt(workspace_id: str, invoice_id: str) -> list[OutgoingMail]:
    """The mails of a receipt, not written yet. What the invoice says is read when they leave."""
    return _new_mails(
        workspace_id, "Your img apis receipt", "emails/receipt.txt", completion="receipt", reference=invoice_id
    )


def payment_failed(workspace_id: str) -> list[OutgoingMail]:
    """A payment was refused; Stripe tries again, and the service goes on meanwhile (B15)."""
    return _new_mails(workspace_id, "A payment for img apis was refused", "emails/payment_failed.txt")


def plan_ended(workspace_id: str) -> list[OutgoingMail]:
    """The plan has ended; the workspace is a free one."""
    return _new_mails(workspace_id, "Your img apis plan has ended", "emails/plan_ended.txt")


def duplicate_refunded(workspace_id: str) -> list[OutgoingMail]:
    """A second plan was bought beside the first: it is cancelled and paid back."""
    return _new_mails(workspace_id, "A second plan for img apis was refunded", "emails/duplicate_refunded.txt")


def add_record(transaction: dynamo.Transaction, workspace_id: str, invoice_id: str) -> None:
    """Put the record of an invoice's receipt, or of a second subscription's refund, into a transaction: it fails where
    there is one already."""
    transaction.save(Receipt(workspace_id, invoice_id, moment=clock.now()), if_absent=True)


def add_mails(transaction: dynamo.Transaction, mails: list[OutgoingMail]) -> None:
    """Put mails into the transaction of what they tell, so that a crash loses none and doubles none."""
    for payment_mail in mails:
        transaction.save(payment_mail, if_absent=True)


def dispatch(mails: list[OutgoingMail]) -> None:
    """Have mails sent whose transaction is committed."""
    for payment_mail in mails:
        mail.dispatch(payment_mail)


@mail.completes("receipt")
def _read_invoice(invoice_id: str) -> mail.Completion | None:
    """What the invoice says. None where nothing was paid, or Stripe does not know it any more: it is in the portal.
    Raises StripeUnavailable; the mail is tried again then."""
    try:
        invoice = payments.invoice(invoice_id)
    except StripeRefused:
        return None
    if not invoice.total:
        return None
    return mail.Completion(
        {
            "number": invoice.number,
            "total": format_money(invoice.total, invoice.currency),
            "day": clock.day(invoice.created),
            "url": invoice.url,
        }
    )


def format_money(cents: int, currency: str = "usd") -> str:
    """Cents for people: 1900 → $19.00; another currency by its name."""
    amount = f"{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
    sign = "-" if cents < 0 else ""
    return f"{sign}${amount}" if currency == "usd" else f"{sign}{amount} {currency.upper()}"


def _new_mails(
    workspace_id: str, subject: str, template: str, *, completion: str = "", reference: str = ""
) -> list[OutgoingMail]:
    """A mail to each owner and billing member; none where the workspace is gone."""
    row = workspaces.find(workspace_id)
    if row is None:
        return []
    person_ids = [member.person_id for member in members.of_workspace(workspace_id) if member.role in ROLES]
    context = {"workspace": row.business_name or row.namespace, "namespace": row.namespace}
    return [
        outbox.new_mail(
            person.email,
            subject,
            template,
            context,
            completion=completion,
            reference=reference,
            person_id=person.person_id,
            workspace_id=workspace_id,
        )
        for person in people.of_ids(person_ids)
    ]
