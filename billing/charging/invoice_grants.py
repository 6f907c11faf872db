"""What the paid invoices of a plan grant: the credits of its running period, and the record of which invoice gave what.

The credits of a period are the sum of its records, so that an invoice is counted once however often Stripe is asked,
and its refund takes back what it had granted and nothing else.
"""

import math
from dataclasses import dataclass, field
from fractions import Fraction

from billing.charging import counters
from billing.models import Counter, Grant, InvoiceGrant
from billing.models import invoice_grants as invoice_grant_rows
from billing.plans import proration
from billing.plans.periods import Period, whole_hour
from billing.plans.proration import PaidInvoice, PaidPeriod
from imgapis.base import clock, dynamo

WHOLE = 1_000_000_000  # `returned` counts parts of it
MOVED = "given back by the invoice that began a new period"


@dataclass(frozen=True)
class Funding:
    """What a running period has been paid for, in half-credits, and `later` each later month of a paid year; `paid`:
    the same of which nothing went back; `rows`: the records that are new; `moved`: what a year's beginning gives back
    of the month it ends, with its counter, and `moved_from`: that month's records, with what of each goes on."""

    halves: int
    later: int
    paid: int = 0
    rows: list[InvoiceGrant] = field(default_factory=list)
    moved: int = 0
    moved_by: str = ""
    old_counter: Counter | None = None
    moved_from: list[tuple[InvoiceGrant, int]] = field(default_factory=list)

    def add_writes(self, transaction: dynamo.Transaction) -> None:
        """Put the records into the transaction that grants the credits. A record that is there already fails it under
        the name of the period: what was read is old."""
        for row in self.rows:
            transaction.save(row, if_absent=True, name="period")
        for row, halves in self.moved_from:
            returned_halves = taken_of(halves, int(row.returned))
            actions = [InvoiceGrant.granted.add(-halves), InvoiceGrant.taken.add(-returned_halves)]
            condition = invoice_grant_rows.unchanged(row) & (InvoiceGrant.granted == int(row.granted))
            transaction.update(row, actions, condition=condition, name="period")
        if self.moved and self.old_counter is not None:
            self._move(transaction, self.old_counter)

    def _move(self, transaction: dynamo.Transaction, counter: Counter) -> None:
        halves = self.moved
        actions = [Counter.extra.add(-halves), Counter.granted.add(-halves), Counter.left.add(-halves)]
        condition = Counter.left >= max(0, int(counter.room) - counters.balance_of(counter).sold) + halves
        transaction.update(counter, actions, condition=condition, name="period")
        row = Grant(
            counter.workspace_id,
            f"{self.moved_by} moved",
            period=counter.period,
            halves=-halves,
            reason=MOVED,
            actor="stripe",
            moment=clock.now(),
        )
        transaction.save(row, if_absent=True, name="period")


def fund(
    workspace_id: str, period: Period, paid: PaidPeriod, invoices: tuple[PaidInvoice, ...], old_counter: Counter | None
) -> Funding | None:
    """What invoices grant in the running period of a plan; None where none of them pays for it from its beginning: an
    upgrade's alone grants nothing before the period's own invoice is paid. `old_counter`: the running month that a new
    period cuts short, where it does."""
    matching_invoices = [invoice for invoice in invoices if paid.is_of(invoice)]
    if not any(map(paid.is_begun_by, matching_invoices)):
        return None
    known_rows = list(invoice_grant_rows.of_workspace(workspace_id))
    rows_by_invoice = {row.invoice_id: row for row in known_rows if row.period == period.name}
    returned = {row.invoice_id: int(row.returned) for row in known_rows}
    start, end = exact_span(period, paid)
    last_start = clock.months_after(paid.start, 11) if paid.interval == "year" else start
    new_rows, later, moved, moved_by = [], Fraction(), 0, ""
    moved_from: list[tuple[InvoiceGrant, int]] = []
    for invoice in matching_invoices:
        parts = returned.get(invoice.invoice_id, 0)
        later += proration.granted(invoice, paid, last_start, paid.end) * Fraction(WHOLE - parts, WHOLE)
        if invoice.invoice_id in rows_by_invoice:
            continue
        owed = proration.given_back(invoice, paid)
        if owed and not moved:
            moved, moved_by = min(owed, _unused(old_counter)), invoice.invoice_id
            owed -= moved
            moved_from = _sources(known_rows, old_counter, moved)
            # They stay those of the invoice that paid for them: its refund takes them, and this one's does not.
            moved_rows = [
                new_row(workspace_id, period.name, row.invoice_id, halves, int(row.returned))
                for row, halves in moved_from
            ]
            new_rows += moved_rows
            owed += sum(int(row.granted) - int(row.withheld) for row in moved_rows)
        halves = proration.total([proration.granted(invoice, paid, start, end), Fraction(-owed)])
        new_rows.append(new_row(workspace_id, period.name, invoice.invoice_id, halves, parts))
    rows = (*rows_by_invoice.values(), *new_rows)
    halves = sum(int(row.granted) - int(row.withheld) for row in rows)
    kept = sum(int(row.granted) - taken_of(int(row.granted), int(row.returned)) for row in rows)
    granted, later_halves, paid_halves = max(0, halves), max(0, math.floor(later)), max(0, kept)
    return Funding(granted, later_halves, paid_halves, new_rows, moved, moved_by, old_counter, moved_from)


def new_row(workspace_id: str, period: str, invoice_id: str, halves: int, returned: int = 0) -> InvoiceGrant:
    """The record of what an invoice grants in a period; `returned` of it went back before and is not given at all."""
    withheld = taken_of(halves, returned)
    return InvoiceGrant(
        workspace_id,
        f"{period} {invoice_id}",
        invoice_id=invoice_id,
        period=period,
        granted=halves,
        withheld=withheld,
        returned=returned,
        taken=withheld,
        moment=clock.now(),
    )


def taken_of(halves: int, returned: int) -> int:
    """The half-credits that go back with a part of an invoice."""
    return max(0, halves) * returned // WHOLE


def exact_span(period: Period, paid: PaidPeriod) -> tuple[float, float]:
    """A month of credits in Stripe's seconds; its name and ours are rounded down to the hour."""
    offset = paid.start - whole_hour(paid.start)
    is_last = period.ends >= whole_hour(paid.end)
    return period.starts + offset, paid.end if is_last else period.ends + offset


def _unused(counter: Counter | None) -> int:
    return counters.balance_of(counter).unused if counter is not None else 0


def _sources(known_rows: list[InvoiceGrant], counter: Counter | None, moved: int) -> list[tuple[InvoiceGrant, int]]:
    """Of which records of a month those half-credits are that are moved out of it, in proportion to what each has
    left; with those that a refund took of them. Gifts, and months from before there were records, are of none."""
    rows = [row for row in known_rows if counter is not None and row.period == counter.period and int(row.granted) > 0]
    left = sum(int(row.granted) - taken_of(int(row.granted), int(row.returned)) for row in rows)
    if not left:
        return []
    parts = [(row, int(row.granted) * min(moved, left) // left) for row in rows]
    return [(row, halves) for row, halves in parts if halves]
