"""Charges of one workspace that meet in a process are written in one transaction: each of them updates the same
counter, which bears no more than some hundred transactions a second."""

import threading
import time
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
# A charge that has had no turn by then is tried again by its caller, or refused.
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
    """The charges to one set of counters, of which one thread writes at a time."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    waiting: list[_Waiting] = field(default_factory=list)
    is_writing: bool = False


_queues: WeakValueDictionary[tuple[str, ...], _Queue] = WeakValueDictionary()
_lock = threading.Lock()  # of the queues and what they hold; held for no call


def write(charge: Charge, names: tuple[str, ...]) -> None:
    """Write a charge, together with those that wait for the same counters. Raises TransactionCanceled as if it had been
    written by itself, and TransactWriteError where it is not known to have been written."""
    own, deadline = _Waiting(charge), time.monotonic() + TURN_SECONDS
    with _queued(own, names) as queue:
        if _has_turn(own, queue, deadline):
            try:
                _write_group(_group(own, queue), names)
            finally:
                with queue.changed:
                    queue.is_writing = False
                    queue.changed.notify_all()
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


def _has_turn(own: _Waiting, queue: _Queue, deadline: float) -> bool:
    """Whether the charge is still to be written, once nobody else writes. Raises TransactWriteError past the deadline
    (monotonic seconds)."""
    with queue.changed:
        queue.changed.wait_for(lambda: own.is_done or not queue.is_writing, max(0.0, deadline - time.monotonic()))
        if own.is_done:
            return False
        if queue.is_writing or time.monotonic() >= deadline:
            raise TransactWriteError(f"The charge had no turn within {TURN_SECONDS:g} s.")
        queue.is_writing = True
        return True


def _group(own: _Waiting, queue: _Queue) -> list[_Waiting]:
    """The charge and, as they came, others that a transaction can hold with it: no two of its writes are to one row."""
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
    """Write them, and note what became of each. Those whose own condition is not met, and those that what is left does
    not cover, keep none of the others back; whoever is not covered is told last, when the others are written."""
    uncovered: list[_Waiting] = []
    try:
        while group:
            try:
                charges.write([each.charge for each in group], names)
            except dynamo.TransactionCanceled as error:
                rest = _without_failed(group, error)
                covered = rest
                if "counter" in error.failed:
                    covered = _covered(rest, names) if rest and len(group) > 1 else []
                uncovered += [each for each in rest if each not in covered]
                if len(covered) == len(group):  # another transaction was in the way, or has given credits since
                    return _end(group, dynamo.TransactionCanceled(frozenset(), error.conflicting, error.cause))
                group = covered
            else:
                return _end(group, None)
    except PynamoDBException as error:
        _end(group, error)
    finally:
        _end(uncovered, dynamo.TransactionCanceled(frozenset({"counter"}), frozenset(), None))
    return None


def _without_failed(group: list[_Waiting], error: dynamo.TransactionCanceled) -> list[_Waiting]:
    """End those whose claim or event is there already; the others."""
    rest = []
    for index, each in enumerate(group):
        if own_failures := charges.names_of(index, error.failed):
            _end([each], dynamo.TransactionCanceled(own_failures, frozenset(), error.cause))
        else:
            rest.append(each)
    return rest


def _covered(group: list[_Waiting], names: tuple[str, ...]) -> list[_Waiting]:
    """Those that what is left covers, in their order. Raises PynamoDBException."""
    rows = counter_rows.by_name(group[0].charge.event.workspace_id, names)
    left = min((row.left for row in rows.values()), default=0) if len(rows) == len(names) else 0
    covered = []
    for each in group:
        if each.charge.event.cost <= left:
            left -= each.charge.event.cost
            covered.append(each)
    return covered


def _end(group: list[_Waiting], error: PynamoDBException | None) -> None:
    for each in group:
        each.error, each.is_done = _own(error), True


def _own(error: PynamoDBException | None) -> PynamoDBException | None:
    """An error that says the same, for one thread to raise."""
    if isinstance(error, dynamo.TransactionCanceled):
        return dynamo.TransactionCanceled(error.failed, error.conflicting, error.cause)
    return TransactWriteError(error.msg, error.cause) if error is not None else None
