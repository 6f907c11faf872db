"""Charges of one workspace that meet in a process are written in one transaction: each of them updates the same
counter, which bears no more than some hundred transactions a second."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from pynamodb.exceptions import PynamoDBException, TransactWriteError

from billing.charging import charges
from billing.charging.charges import Charge
from billing.models import counters as counter_rows
from imgapis.base import dynamo

MOST_WRITES = 98  # of the hundred of a transaction, beside the counters of the period and of the day
# A charge that has not had its turn by then is tried again by its caller, or refused.
TURN_SECONDS = dynamo.RETRY_SECONDS


@dataclass(eq=False)
class _Waiting:
    charge: Charge
    is_done: bool = False
    error: PynamoDBException | None = None

    @property
    def writes(self) -> int:
        return len(self.charge.digests) + 1


@dataclass(eq=False)
class _Queue:
    """The charges to one set of counters; whoever has `turn` writes."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    waiting: list[_Waiting] = field(default_factory=list)


_queues: WeakValueDictionary[tuple[str, ...], _Queue] = WeakValueDictionary()
_lock = threading.Lock()  # of the queues and what they hold; held for no call


def write(charge: Charge, names: tuple[str, ...]) -> None:
    """Write a charge, together with those that wait for the same counters. Raises TransactionCanceled as if it had been
    written by itself, and TransactWriteError where it is not known to have been written."""
    own = _Waiting(charge)
    with _queued(own, names) as queue:
        while not own.is_done:
            if not queue.turn.acquire(timeout=TURN_SECONDS):
                raise TransactWriteError(f"The charge had no turn within {TURN_SECONDS:g} s.")
            try:
                if not own.is_done:
                    _write_group(_group(own, queue), names)
            finally:
                queue.turn.release()
    if own.error is not None:
        raise own.error


@contextmanager
def _queued(own: _Waiting, names: tuple[str, ...]) -> Iterator[_Queue]:
    key = (own.charge.event.workspace_id, *names)
    with _lock:
        queue = _queues.setdefault(key, _Queue())
        queue.waiting.append(own)
    try:
        yield queue
    finally:
        with _lock:
            queue.waiting.remove(own)


def _group(own: _Waiting, queue: _Queue) -> list[_Waiting]:
    """The charge and those after it that a transaction can hold with it: no two writes of one are to the same row."""
    group, digests, writes = [own], set(own.charge.digests), own.writes
    with _lock:
        others = [each for each in queue.waiting if each is not own and not each.is_done]
    for each in others:
        if writes + each.writes <= MOST_WRITES and digests.isdisjoint(each.charge.digests):
            group.append(each)
            digests |= each.charge.digests
            writes += each.writes
    return group


def _write_group(group: list[_Waiting], names: tuple[str, ...]) -> None:
    """Write them, and note what became of each; those that only others of the group kept back go on waiting."""
    try:
        charges.write([each.charge for each in group], names)
    except dynamo.TransactionCanceled as error:
        _note_canceled(group, names, error)
    except PynamoDBException as error:
        _end(group, error)
    else:
        _end(group, None)


def _note_canceled(group: list[_Waiting], names: tuple[str, ...], error: dynamo.TransactionCanceled) -> None:
    if not error.failed:  # another transaction was in the way
        return _end(group, error)
    rest = []
    for index, each in enumerate(group):
        if own_failures := charges.names_of(index, error.failed):
            _end([each], dynamo.TransactionCanceled(own_failures, frozenset(), error.cause))
        else:
            rest.append(each)
    if "counter" in error.failed:
        _end_uncovered(rest, names, error)
    return None


def _end_uncovered(group: list[_Waiting], names: tuple[str, ...], error: dynamo.TransactionCanceled) -> None:
    """End those that what is left does not cover, first come, first served; their callers read why."""
    try:
        rows = counter_rows.by_name(group[0].charge.event.workspace_id, names) if len(group) > 1 else {}
    except PynamoDBException as failure:
        return _end(group, TransactWriteError("The counters could not be read.", failure))
    left = min((row.left for row in rows.values()), default=0) if len(rows) == len(names) else 0
    for each in group:
        cost = each.charge.event.cost
        if cost <= left:
            left -= cost
        else:
            _end([each], dynamo.TransactionCanceled(frozenset({"counter"}), frozenset(), error.cause))
    return None


def _end(group: list[_Waiting], error: PynamoDBException | None) -> None:
    for each in group:
        each.error, each.is_done = error, True
