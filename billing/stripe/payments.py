"""What Stripe is paid, and what went back: invoices, those of overage issued here, refunds and disputes, in our terms.

Amounts of money are read here to reckon shares, and are stored nowhere (P03).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from billing.plans import catalogue
from billing.plans.catalogue import Plan
from billing.plans.proration import PaidInvoice, PlanLine
from billing.stripe import gateway
from billing.stripe.gateway import PaymentRefused, StripeRefused, SubscriptionSnapshot
from billing.stripe.stripe_facts import Invoice
from imgapis.base import clock

if TYPE_CHECKING:
    from billing.stripe.gateway import StripeCharge, StripeInvoice, StripeLine

# The invoice of a period is made in its first hour, however late it is paid.
EARLIER_SECONDS = 2 * clock.DAY
OVERAGE_REPORT = "overage"  # names the report of overage in an invoice's metadata
UNPAID = ("open", "uncollectible")  # states of an invoice
BEGINNINGS = ("subscription_create", "subscription_cycle")  # reasons of an invoice that bills a whole period
OVERAGE, PERIOD = "overage", "period"
SETTLED = "settled"  # in the metadata of a dispute: what it took was paid otherwise
# Stripe holds the money of a dispute in these states; an inquiry ("warning_…") takes none.
HELD = ("needs_response", "under_review", "lost")


@dataclass(frozen=True)
class Refund:
    """A refund: its state in Stripe's words, and which part of its invoice it is."""

    refund_id: str
    status: str
    share: Fraction


@dataclass(frozen=True)
class Payment:
    """A charge: whose it is, the invoice it paid, the refunds of all charges of that invoice, the part of it that
    disputes of them hold, and the part that bills credits beyond a plan."""

    charge_id: str
    customer_id: str
    invoice: PaidInvoice
    created: int
    refunds: tuple[Refund, ...]
    disputed: Fraction
    overage: Fraction

    def returned_of_plan(self, share: Fraction) -> Fraction:
        """The part of the plan that goes back with a part of the invoice: what goes back is of the overage first. A
        refund and a dispute of the same money come to more than the whole."""
        if share <= self.overage or self.overage == 1:
            return Fraction()
        return min(Fraction(1), (share - self.overage) / (1 - self.overage))


def invoices(customer_id: str, limit: int = 24) -> list[Invoice]:
    """The newest invoices of a customer, `limit` at most, newest first."""
    stripe_invoices = gateway.call(gateway.api().invoices.list, customer=customer_id, limit=limit).data
    return [_invoice(stripe_invoice) for stripe_invoice in stripe_invoices]


def invoice(invoice_id: str) -> Invoice:
    """One invoice. Raises StripeRefused where there is none."""
    return _invoice(gateway.call(gateway.api().invoices.retrieve, invoice_id))


def _invoice(stripe_invoice: "StripeInvoice") -> Invoice:
    url = getattr(stripe_invoice, "hosted_invoice_url", None) or ""
    return Invoice(
        getattr(stripe_invoice, "number", None) or stripe_invoice.id,
        stripe_invoice.created,
        stripe_invoice.total,
        stripe_invoice.currency,
        getattr(stripe_invoice, "status", None) or "",
        url,
        getattr(stripe_invoice, "billing_reason", None) or "",
    )


def paid_invoices(subscription: SubscriptionSnapshot) -> tuple[PaidInvoice, ...]:
    """The paid invoices that may pay for a subscription's running period."""
    created = {"gte": int(subscription.start - EARLIER_SECONDS)}
    invoices = gateway.call(
        gateway.api().invoices.list,
        subscription=subscription.subscription_id,
        status="paid",
        created=created,
        limit=100,
    ).data
    return tuple(_paid_invoice(invoice) for invoice in invoices)


def owed(customer_id: str, subscription: SubscriptionSnapshot | None = None) -> frozenset[str]:
    """What unpaid invoices of a customer, open or given up by Stripe, bill: `overage`, and `period` where one bills a
    period of its subscription as it begins, not a change within it. One of a change that waits for its payer is none:
    left alone it is void, and what it bills is billed otherwise."""
    offer_id, subscription_id = (subscription.offer_id, subscription.subscription_id) if subscription else ("", "")
    list_invoices = gateway.api().invoices.list
    return frozenset(
        kind
        for status in UNPAID
        for invoice in gateway.call(list_invoices, customer=customer_id, status=status, limit=100).data
        if invoice.id != offer_id
        for kind in _kinds_of(invoice, subscription_id)
    )


def is_period_draft(subscription: SubscriptionSnapshot) -> bool:
    """Whether the invoice of a subscription's period is a draft, which Stripe charges an hour after it has begun."""
    list_invoices, customer_id = gateway.api().invoices.list, subscription.customer_id
    drafts = gateway.call(list_invoices, customer=customer_id, status="draft", limit=100).data
    return any(PERIOD in _kinds_of(invoice, subscription.subscription_id) for invoice in drafts)


def _kinds_of(invoice: "StripeInvoice", subscription_id: str) -> Iterator[str]:
    if is_of_overage(invoice) or any(map(_sells_overage, invoice.lines.data)):
        yield OVERAGE
    if invoice.billing_reason in BEGINNINGS and subscription_id and _subscription_of(invoice) == subscription_id:
        yield PERIOD


def bills_period(invoice: "StripeInvoice") -> bool:
    """Whether an invoice bills a plan's period from its beginning, with overage of the last one or without."""
    return invoice.billing_reason in BEGINNINGS and any(map(_plan_line, invoice.lines.data))


def invoice_overage_of(invoice: "StripeInvoice") -> None:
    """Invoice what an invoice bills of overage on its own, as the rest of it is not going to be paid. Safe to repeat.
    Raises what the gateway raises."""
    for line in filter(_sells_overage, invoice.lines.data):
        plan = catalogue.of(_tier(line))
        span = (line.period.start, line.period.end)
        customer_id, identifier = gateway.id_of(invoice.customer), f"{invoice.id}-{plan.tier}"
        invoice_overage(customer_id, identifier, plan, int(line.quantity or 0), span)


def _subscription_of(invoice: "StripeInvoice") -> str:
    details = getattr(invoice.parent, "subscription_details", None) if invoice.parent else None
    return gateway.id_of(details.subscription) if details else ""


def overage_debt(subscription: SubscriptionSnapshot) -> str:
    """What the customer of a subscription owes of credits used beyond a plan: `unpaid` where an invoice of them is,
    `disputed` where the payer's bank holds or took back a payment of them, else empty (H31)."""
    customer_id = subscription.customer_id
    if OVERAGE in owed(customer_id, subscription):
        return "unpaid"
    charges = gateway.call(gateway.api().charges.list, customer=customer_id, limit=100).data
    return "disputed" if any(_is_disputed_overage(charge) for charge in charges if charge.disputed) else ""


def _is_disputed_overage(charge: "StripeCharge") -> bool:
    """Whether a dispute holds a payment of overage. A lost one leaves its invoice paid at Stripe, so that staff say on
    the dispute, by its metadata `settled`, when what it took was paid otherwise."""
    disputes = gateway.call(gateway.api().disputes.list, charge=charge.id, limit=100).data
    if not any(dispute.status in HELD and SETTLED not in (dispute.metadata or {}) for dispute in disputes):
        return False
    invoice = _invoice_of(charge)
    return invoice is not None and _share_of_overage(invoice) > 0


def invoice_overage(customer_id: str, identifier: str, plan: Plan, credits: int, span: tuple[int, int]) -> None:
    """Invoice whole credits at a plan's price, used in a span of time (seconds since 1970), and have it paid at once as
    far as the card allows; Stripe goes on collecting an open one. Less than half a cent is no invoice. Safe to repeat:
    beyond the day for which Stripe knows a key, the invoice is found by its metadata. Raises what the gateway raises.
    """
    unit_amount = f"{plan.overage_price / 1_000:.12g}"
    if credits * plan.overage_price < 500:
        return
    resource, metadata = gateway.api().invoices, {OVERAGE_REPORT: identifier}
    invoice = _overage_invoice(customer_id, identifier) or gateway.call(
        resource.create,
        key=f"{identifier}-invoice",
        customer=customer_id,
        auto_advance=False,
        metadata=metadata,
        automatic_tax={"enabled": True},
        pending_invoice_items_behavior="exclude",
    )
    if invoice.status == "draft":
        if not invoice.lines.data:
            gateway.call(
                gateway.api().invoice_items.create,
                key=f"{identifier}-item",
                customer=customer_id,
                invoice=invoice.id,
                quantity=credits,
                description=f"Credits beyond the plan {plan.title}",
                metadata=metadata,
                period={"start": span[0], "end": max(span)},
                price_data={
                    "currency": "usd",
                    "product": f"imgapis_{plan.tier}",
                    "unit_amount_decimal": unit_amount,
                    "tax_behavior": "exclusive",
                },
            )
        invoice = gateway.call(resource.finalize_invoice, invoice.id, auto_advance=True)
    if invoice.status == "open" and not invoice.attempt_count:
        with suppress(PaymentRefused, StripeRefused):
            gateway.call(resource.pay, invoice.id)


def _overage_invoice(customer_id: str, identifier: str) -> "StripeInvoice | None":
    """The invoice of an identifier as it is now, among the newest of the customer; None where there is none."""
    invoices = gateway.call(gateway.api().invoices.list, customer=customer_id, limit=100).data
    return next((row for row in invoices if _report_of(row) == identifier), None)


def _report_of(invoice: "StripeInvoice") -> str:
    """The identifier of an invoice that was issued here; empty for every other one."""
    return getattr(getattr(invoice, "metadata", None), OVERAGE_REPORT, "")


def is_of_overage(invoice: "StripeInvoice") -> bool:
    """Whether an invoice was issued here."""
    return bool(_report_of(invoice))


def customer_of(object_id: str) -> str:
    """The customer that a subscription (`sub_…`) or an invoice (`in_…`) belongs to; empty where Stripe knows none.
    Raises StripeUnavailable, NotConfigured."""
    try:
        if object_id.startswith("sub_"):
            return gateway.id_of(gateway.call(gateway.api().subscriptions.retrieve, object_id).customer)
        return gateway.id_of(gateway.call(gateway.api().invoices.retrieve, object_id).customer)
    except StripeRefused:
        return ""


def customer_of_charge(charge_id: str) -> str:
    """The customer of a charge; empty where Stripe knows none."""
    try:
        return gateway.id_of(gateway.call(gateway.api().charges.retrieve, charge_id).customer)
    except StripeRefused:
        return ""


def payment(charge_id: str) -> Payment | None:
    """A charge with what became of it; None for one that paid no invoice."""
    charge = gateway.call(gateway.api().charges.retrieve, charge_id)
    invoice = _invoice_of(charge)
    if invoice is None:
        return None
    # A part of the total may have been paid by the customer's balance: that part does not go back with the charge.
    cents = max(invoice.total, 1)
    refunds, disputes = [], []
    for paid in _charges_of(invoice) or [charge]:
        if paid.amount_refunded or paid.id == charge_id:
            refunds += gateway.call(gateway.api().refunds.list, charge=paid.id, limit=100).data
        if paid.disputed:
            disputes += gateway.call(gateway.api().disputes.list, charge=paid.id, limit=100).data
    return Payment(
        charge_id,
        gateway.id_of(charge.customer),
        _paid_invoice(invoice),
        invoice.created,
        tuple(Refund(refund.id, refund.status or "", Fraction(refund.amount, cents)) for refund in refunds),
        sum((Fraction(dispute.amount, cents) for dispute in disputes if dispute.status in HELD), Fraction()),
        _share_of_overage(invoice),
    )


def _charges_of(invoice: "StripeInvoice") -> "list[StripeCharge]":
    """Every charge that paid an invoice, or was tried for it: Stripe allows several, and parts that no PaymentIntent
    paid, which name none."""
    list_payments, list_charges = gateway.api().invoice_payments.list, gateway.api().charges.list
    rows = gateway.call(list_payments, invoice=invoice.id, limit=100).data
    intents = [intent for row in rows if (intent := getattr(row.payment, "payment_intent", None))]
    return [
        charge
        for intent in dict.fromkeys(map(gateway.id_of, intents))
        for charge in gateway.call(list_charges, payment_intent=intent, limit=100).data
    ]


def returned_charges(customer_id: str) -> list[str]:
    """The newest charges of a customer of which something was refunded or disputed."""
    charges = gateway.call(gateway.api().charges.list, customer=customer_id, limit=100).data
    return [charge.id for charge in charges if charge.amount_refunded or charge.disputed]


def _invoice_of(charge: "StripeCharge") -> "StripeInvoice | None":
    if not getattr(charge, "payment_intent", None):
        return None
    payment_filter = {"type": "payment_intent", "payment_intent": charge.payment_intent}
    payments = gateway.call(gateway.api().invoice_payments.list, payment=payment_filter, limit=1).data
    return gateway.call(gateway.api().invoices.retrieve, payments[0].invoice) if payments else None


def _paid_invoice(invoice: "StripeInvoice") -> PaidInvoice:
    lines = () if is_of_overage(invoice) else (_plan_line(line) for line in invoice.lines.data)
    return PaidInvoice(invoice.id, tuple(line for line in lines if line is not None))


def _price_details(line: "StripeLine") -> Any:
    return getattr(getattr(line, "pricing", None), "price_details", None)


def _tier(line: "StripeLine") -> str:
    """The plan that a line is of; the free one where it sells nothing of ours."""
    price = _price_details(line)
    return catalogue.tier_of_product(price.product) if price else catalogue.FREE


def _plan_line(line: "StripeLine") -> PlanLine | None:
    """A line as a plan's; None where it sells something else, such as credits beyond a plan."""
    price, tier = _price_details(line), _tier(line)
    name = _price_name(gateway.id_of(price.price)) if price else ""
    if not catalogue.of(tier).paid or name == gateway.OVERAGE:
        return None
    span = line.period.end - line.period.start
    interval = name or ("year" if span > 32 * clock.DAY else "month")
    return PlanLine(tier, interval, line.period.start, line.period.end, line.amount)


def _share_of_overage(invoice: "StripeInvoice") -> Fraction:
    """The part of an invoice that bills credits beyond a plan, tax alike."""
    if is_of_overage(invoice):
        return Fraction(1)
    cents = sum(line.amount for line in invoice.lines.data if _sells_overage(line))
    return min(Fraction(1), Fraction(cents, max(1, sum(line.amount for line in invoice.lines.data))))


def _sells_overage(line: "StripeLine") -> bool:
    price = _price_details(line)
    price_id = gateway.id_of(price.price) if price else ""
    return line.amount > 0 and _price_name(price_id) == gateway.OVERAGE


def _price_name(price_id: str) -> str:
    """`month`, `year` or `overage`; empty for a price that is not sold any more."""
    names = {known_id: name for name, known_id in gateway.price_ids().items()}
    return names.get(price_id, "").rpartition("_")[2]
