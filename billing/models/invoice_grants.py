"""What paid invoices granted, by period and invoice."""

from collections.abc import Iterator

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.condition import Condition

from accounts.models.handling import BILLING
from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Halves, Moment, Whole


class InvoiceGrant(dynamo.Row):
    """What a paid invoice of Stripe's granted of a plan's credits in one period, and what its refunds and disputes took
    back of it; no amount of money (P03)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("invoice-grants")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who got them", BILLING)
    place = declared(UnicodeAttribute(range_key=True), "the period, and the invoice", BILLING)
    invoice_id = declared(UnicodeAttribute(), "names the invoice at Stripe", BILLING)
    charge_id = declared(UnicodeAttribute(default=""), "names its payment at Stripe, once it went back", BILLING)
    period = declared(UnicodeAttribute(), "the period they count in", BILLING)
    granted = declared(Halves(), "half-credits the invoice is good for in the period", BILLING)
    withheld = declared(Halves(default=0), "those not given, as they were refunded before the period", BILLING)
    returned = declared(Whole(default=0), "billionths of the invoice that were refunded or are disputed", BILLING)
    taken = declared(Halves(default=0), "half-credits that are taken back for it, with those withheld", BILLING)
    moment = declared(Moment(), "when it was written down", BILLING)


def of_workspace(workspace_id: str) -> Iterator[InvoiceGrant]:
    """What each invoice granted in each period, oldest period first."""
    return InvoiceGrant.query(workspace_id, consistent_read=True)


def get(workspace_id: str, place: str) -> InvoiceGrant:
    """What one invoice granted in one period, as it is now. DoesNotExist where there is none."""
    return InvoiceGrant.require(workspace_id, place)


def add(row: InvoiceGrant) -> bool:
    """Write what an invoice granted in a period; False where it is on record already."""
    return row.save_if(InvoiceGrant.is_absent())


def unchanged(row: InvoiceGrant) -> Condition:
    """The condition that as much of an invoice has gone back as when a row was read."""
    return InvoiceGrant.returned == int(row.returned)


def note_return(row: InvoiceGrant, returned: int, charge_id: str) -> bool:
    """Write down how much of an invoice went back; False where that is no longer what it was."""
    return row.update_if(unchanged(row), returned=returned, charge_id=charge_id)
