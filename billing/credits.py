"""Credits: whole halves in storage, decimal strings outside; the charge and everything that may come back from it."""

import random
import time
from functools import lru_cache

from pynamodb.exceptions import PynamoDBException, TransactWriteError

from billing import store
from billing.store import Charge
from imgapis.base import clock, dynamo
from imgapis.base.errors import Refusal

RETRY_SECONDS = 2.0
FAILED = "ConditionalCheckFailed"


class OutOfCredits(Refusal):
    """New work that the balance does not cover."""

    status = 402
    code = "out_of_credits"

    def __init__(self):
        super().__init__(
            "This workspace has no credits left for new work in this period. What is cached goes on being served."
        )


class ChargeUnavailable(Refusal):
    """The charge could not be settled in time: nothing is served uncharged, and the same URL can be asked again."""

    status = 503
    code = "charge_unavailable"

    def __init__(self):
        super().__init__("The charge could not be settled just now. Ask again in a moment.", retry_after=1)


def shown(halves: int) -> str:
    """Half-credits as a decimal string of credits: 1 → "0.5", 4 → "2"."""
    return f"{halves // 2}.5" if halves % 2 else str(halves // 2)


def peek(bill: Charge, allowance: int) -> None:
    """Refuse work that cannot be paid for, before it is done. A live claim makes it free, whatever the balance."""
    row = store.counter(bill.happened.workspace_id, bill.period)
    if (row.left if row else allowance) < bill.happened.cost and not _claimed(bill):
        raise OutOfCredits


def charge(bill: Charge, allowance: int) -> int:
    """Charge finished work once; returns the half-credits charged (0 where a live claim had paid before).

    Raises OutOfCredits, or ChargeUnavailable after two seconds of conflicts: never fails open. Safe to repeat with
    the same event: our own lost reply is answered as charged.
    """
    _open(bill.happened.workspace_id, bill.period, allowance)
    ends = time.monotonic() + RETRY_SECONDS
    pause = 0.01
    while True:
        try:
            store.charge(bill)
            return bill.happened.cost
        except TransactWriteError as error:
            settled = _settled(bill, dynamo.reasons(error))
        if settled is not None:
            return settled
        wait = random.uniform(pause / 2, pause)
        if time.monotonic() + wait > ends:
            raise ChargeUnavailable
        time.sleep(wait)
        pause = min(pause * 2, 0.3)


def _settled(bill: Charge, reasons: list[str | None]) -> int | None:
    """What a cancelled charge means: half-credits, OutOfCredits, or None for "try again"."""
    claim, event, counter = reasons if len(reasons) == 3 else (None, None, None)
    if event == FAILED:
        return bill.happened.cost  # only our own earlier attempt can have written this id
    if claim == FAILED:
        return 0
    spent = counter == FAILED or ("TransactionConflict" in reasons and _spent(bill))
    if not spent:
        return None
    if _claimed(bill):
        return 0
    raise OutOfCredits


def _spent(bill: Charge) -> bool:
    try:
        row = store.counter(bill.happened.workspace_id, bill.period)
    except PynamoDBException:
        return False  # unknown is not spent: the retry, or its deadline, decides
    return row is not None and row.left < bill.happened.cost


def _claimed(bill: Charge) -> bool:
    workspace_id = bill.happened.workspace_id
    return store.live_claim(workspace_id, bill.digest, bill.moment, bill.purged_before) is not None


def _open(workspace_id: str, period: str, allowance: int) -> None:
    try:
        _open_once(workspace_id, period, allowance)
    except PynamoDBException as error:
        raise ChargeUnavailable from error


@lru_cache(maxsize=10_000)
def _open_once(workspace_id: str, period: str, allowance: int) -> None:
    store.open_period(workspace_id, period, allowance)


def period_of(moment: float) -> str:
    """The period a charge at `moment` belongs to."""
    return clock.period_start(moment)
