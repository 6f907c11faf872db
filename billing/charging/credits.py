"""Credits: whole halves in storage, decimal strings outside; the charge and everything that may come back from it."""

from pynamodb.exceptions import PynamoDBException, TransactWriteError

from billing.charging import caps, counters, groups
from billing.charging.charges import Charge
from billing.charging.counters import ChargeCounters
from billing.models import claims
from billing.models import counters as counter_rows
from billing.plans.periods import Terms
from imgapis.base import dynamo
from imgapis.base.errors import ApiError
from telemetry.models import events


class OutOfCredits(ApiError):
    """New work that the plan's credits do not cover."""

    status = 402
    code = "out_of_credits"

    def __init__(self) -> None:
        super().__init__(
            "This workspace has no credits left for new work in this period. What is cached goes on being served."
            " Its owner can choose a larger plan, or allow overage, on the billing page."
        )


class CapReached(ApiError):
    """New work beyond a cap of the customer's own."""

    status = 402
    code = "cap_reached"

    def __init__(self, span: str):
        super().__init__(
            f"This workspace has reached its cap of the {span} for new work. What is cached goes on being served."
            " An owner, an admin or a billing member can raise the cap on the billing page."
        )


class OverageUnpaid(ApiError):
    """New work beyond the plan's credits, whose sale stands still until what was sold before is paid (H31)."""

    status = 402
    code = "overage_unpaid"

    def __init__(self) -> None:
        super().__init__(
            "No credits beyond the plan's are sold until those used before are paid: the invoice stands under Invoices,"
            " on the billing page. What is cached goes on being served."
        )


class ChargeUnavailable(ApiError):
    """The charge could not be settled in time: nothing is served uncharged, and the same URL can be asked again."""

    status = 503
    code = "charge_unavailable"

    def __init__(self) -> None:
        super().__init__("The charge could not be settled just now. Ask again in a moment.", retry_after=1)


def require_credits(bill: Charge, terms: Terms) -> None:
    """Refuse work that cannot be paid for, before it is done. A live claim makes it free, whatever the balance."""
    refusal = refusal_of(bill, terms)
    if refusal and not _claimed(bill):
        raise refusal


def refusal_of(bill: Charge, terms: Terms) -> ApiError | None:
    """Why a charge is not covered, whatever its claims; None where it is."""
    return _refusal(bill, counters.counters_for(terms, bill.moment), terms)


def charge(bill: Charge, terms: Terms) -> int:
    """Charge finished work once; returns the half-credits charged (0 where a live claim had paid before), of several
    pictures those of the ones that nobody had paid.

    Raises OutOfCredits, CapReached, WorkspaceGone, or ChargeUnavailable after two seconds of conflicts: never fails
    open. Safe to repeat with the same event: our own lost reply is answered as charged.
    """
    is_of_several = len(bill.pictures) > 1
    for _ in dynamo.retries():
        charged_halves = _try(bill, terms, is_of_several)
        if charged_halves is None and is_of_several:
            bill, charged_halves = _reduced(bill)
        if charged_halves is not None:
            return charged_halves
    raise ChargeUnavailable


def _try(bill: Charge, terms: Terms, is_of_several: bool) -> int | None:
    """One attempt: half-credits, a refusal, or None for "try again"."""
    try:
        books = counters.ensure_open(bill.event.workspace_id, terms, bill.moment)
    except TransactWriteError:
        return None
    except PynamoDBException as error:
        raise ChargeUnavailable from error
    try:
        groups.write(bill, books.names)
        return bill.event.cost
    except dynamo.TransactionCanceled as error:
        if is_of_several and error.failed & {"event", "claim"}:
            return None  # which of them are paid for, and by whom, has to be read
        return _settled(bill, books, terms, error.failed)
    except TransactWriteError:
        return None


def _settled(bill: Charge, books: ChargeCounters, terms: Terms, failed: frozenset[str]) -> int | None:
    """What a canceled charge means: half-credits, a refusal, or None for "try again"."""
    if "event" in failed:
        return bill.event.cost  # only our own earlier attempt can have written this id
    if "claim" in failed:
        return 0
    try:
        refusal = _refusal(bill, books, terms)
    except PynamoDBException:
        return None  # unknown is not spent: the retry, or its deadline, decides
    if refusal is None:
        counters.invalidate(bill.event.workspace_id, books)  # a counter that is gone is opened again, or refused
        return None
    if _claimed(bill):
        return 0
    raise refusal


def _refusal(bill: Charge, books: ChargeCounters, terms: Terms) -> ApiError | None:
    """Why a charge is not covered, read consistently; None where it is."""
    cost = bill.event.cost
    rows = counter_rows.by_name(bill.event.workspace_id, books.names)
    period_counter = rows.get(books.period.name) or counters.new_period_counter("", books.period, terms)
    balance = counters.balance_at(period_counter, books.period, terms)
    if balance.left < cost:
        if terms.overage and terms.overage_debt and balance.room >= 0 and not books.period.unpaid:
            return OverageUnpaid()
        return CapReached("period") if balance.room else OutOfCredits()
    if books.day is None:
        return None
    day_counter = rows.get(books.day)
    left = day_counter.left if day_counter else caps.daily_limit(terms, books.period)
    return CapReached("day") if left is not None and left < cost else None


def _claimed(bill: Charge) -> bool:
    """Whether everything in the charge is paid for."""
    return len(_paid(bill, bill.proofs)) == len(bill.proofs)


def _paid(bill: Charge, digests: tuple[str, ...]) -> frozenset[str]:
    return claims.live_digests(bill.event.workspace_id, digests, bill.moment, bill.purged_before)


def _reduced(bill: Charge) -> tuple[Charge, int | None]:
    """A charge of several pictures that failed, without those that are paid for; and the half-credits, where that
    settles it: our own lost reply had charged it, or others all of it."""
    try:
        earlier_event = events.find(bill.event.workspace_id, bill.event.event_id)
        if earlier_event is not None:
            return bill, int(earlier_event.cost)
        rest = bill.without(_paid(bill, bill.pictures))
    except PynamoDBException:
        return bill, None  # unknown: the retry, or its deadline, decides
    return (rest, None) if rest.pictures else (bill, 0)
