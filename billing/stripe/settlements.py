"""Refunds and disputes: what a charge had granted goes back in proportion, out of its own period, and comes back with a
refund that fails or a dispute that is won (B15).

A refund counts once it has succeeded, a dispute while Stripe holds its money. Each look brings the records to what
Stripe says now, so that order and repetition do not matter.
"""

import math
from collections.abc import Iterator
from fractions import Fraction

from billing.charging import grants, invoice_grants
from billing.charging.entitlement_change import AlreadyApplied, CreditsBusy
from billing.charging.invoice_grants import WHOLE, taken_of
from billing.models import Counter, InvoiceGrant
from billing.models import counters as counter_rows
from billing.models import grants as grant_rows
from billing.models import invoice_grants as invoice_grant_rows
from billing.plans import catalogue, proration
from billing.plans.periods import whole_hour
from billing.plans.proration import MONTHS, PaidInvoice, PaidPeriod
from billing.stripe import payments
from billing.stripe.payments import Payment, Refund
from imgapis.base import clock, dynamo

TAKEN = "refunded or disputed at Stripe"
GIVEN = "a refund failed, or a dispute was won, at Stripe"
UNDONE = ("failed", "canceled")


def settle_all(workspace_id: str, customer_id: str) -> bool:
    """Settle every charge of a customer of which something went back, now or before; whether anything changed."""
    charge_ids = {row.charge_id for row in invoice_grant_rows.of_workspace(workspace_id) if row.charge_id}
    charge_ids |= set(payments.returned_charges(customer_id))
    changes = [settle(workspace_id, charge_id) for charge_id in sorted(charge_ids)]
    return any(changes)


def settle(workspace_id: str, charge_id: str) -> bool:
    """Bring the credits of a charge to what of it has gone back; whether anything changed. Raises WorkspaceGone,
    CreditsBusy, and what the gateway raises."""
    payment = payments.payment(charge_id)
    if payment is None:
        return False
    share, changed = payment.disputed, False
    for refund in payment.refunds:
        earlier_grant = grant_rows.find(workspace_id, refund.refund_id)
        if earlier_grant is None:
            share += refund.share if refund.status == "succeeded" else 0
        elif refund.status in UNDONE:
            changed |= _undo(workspace_id, refund, earlier_grant.period, -int(earlier_grant.halves))
    returned = min(WHOLE, math.ceil(payment.returned_of_plan(share) * WHOLE))
    changes = [_bring(row, returned, charge_id) for row in _rows(workspace_id, payment)]
    return changed or any(changes)


def _bring(row: InvoiceGrant, returned: int, charge_id: str) -> bool:
    """Take or give what a record lacks for `returned` billionths of its invoice; whether it lacked anything."""
    for _ in dynamo.retries():
        row = invoice_grant_rows.get(row.workspace_id, row.place)
        before = int(row.returned)
        if before == returned:
            return False
        target = taken_of(int(row.granted), returned)
        halves = taken_of(int(row.granted), before) - target if returned > before else max(0, int(row.taken) - target)
        if not halves or counter_rows.find(row.workspace_id, row.period) is None:
            if invoice_grant_rows.note_return(row, returned, charge_id):
                return True
            continue

        def note(transaction: dynamo.Transaction, change: int, row: InvoiceGrant = row) -> None:
            actions = [
                InvoiceGrant.returned.set(returned),
                InvoiceGrant.charge_id.set(charge_id),
                InvoiceGrant.taken.add(-change),
            ]
            transaction.update(row, actions, condition=invoice_grant_rows.unchanged(row))

        try:
            grants.adjust(row.workspace_id, halves, TAKEN if halves < 0 else GIVEN, row.period, note)
        except AlreadyApplied:
            continue  # somebody else settled the same charge
        return True
    raise CreditsBusy


def _undo(workspace_id: str, refund: Refund, period: str, halves: int) -> bool:
    """Give back what a refund took by the rule of earlier releases, and failed since; once."""
    grant_id = f"{refund.refund_id} undone"
    if halves <= 0 or grant_rows.find(workspace_id, grant_id) or counter_rows.find(workspace_id, period) is None:
        return False
    try:
        grants.adjust(workspace_id, halves, GIVEN, period, grant_id=grant_id)
    except AlreadyApplied:
        return False
    return True


def _rows(workspace_id: str, payment: Payment) -> list[InvoiceGrant]:
    """The records of what a charge's invoice granted; made from its lines where it was paid before there were any."""
    invoice_id = payment.invoice.invoice_id
    rows = [row for row in invoice_grant_rows.of_workspace(workspace_id) if row.invoice_id == invoice_id]
    if rows or not payment.invoice.lines:
        return rows
    for counter, halves in _granted_before(counter_rows.periods(workspace_id), payment.invoice):
        row = invoice_grants.new_row(workspace_id, counter.period, invoice_id, halves)
        invoice_grant_rows.add(row)
        rows.append(row)
    return rows


def _granted_before(counters: Iterator[Counter], invoice: PaidInvoice) -> Iterator[tuple[Counter, int]]:
    """The counters of paid periods that an invoice was for, with what it is good for in each."""
    last = max(invoice.lines, key=lambda line: (line.cents > 0, line.end))
    start = clock.months_after(last.end, -MONTHS[last.interval])
    paid, offset = PaidPeriod(start, last.end, last.interval), last.end - whole_hour(last.end)
    for counter in counters:
        begins, ends = clock.moment_of_period(counter.period) + offset, float(counter.ends or 0) + offset
        if counter.plan == catalogue.FREE or ends > last.end + clock.DAY:
            continue
        halves = proration.total([proration.granted(invoice, paid, begins, min(ends, last.end)), Fraction()])
        if halves > 0:
            yield counter, halves
