"""Which invoices' receipts were mailed."""

from pynamodb.attributes import UnicodeAttribute

from accounts.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment


class Receipt(dynamo.Row):
    """A paid invoice of Stripe's whose receipt was mailed, or a second subscription whose refund was, so that no second
    event mails it again."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("receipts")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who paid it", BILLING)
    invoice_id = declared(
        UnicodeAttribute(range_key=True), "names the invoice, or the subscription, at Stripe", BILLING
    )
    moment = declared(Moment(), "when it was mailed", BILLING)


def find(workspace_id: str, invoice_id: str) -> Receipt | None:
    """The record of a mailed receipt, or of a mailed refund."""
    return Receipt.find(workspace_id, invoice_id)
