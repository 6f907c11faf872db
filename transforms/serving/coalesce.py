"""Request coalescing: one leader per key and host; the others wait for its outcome, and one takes over if it fails."""

import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from imgapis.base import clock
from imgapis.base.errors import ApiError

T = TypeVar("T")
POLL_SECONDS = 0.01
SHARED_STATUSES = (402, 404, 415, 422)
SHARED_CODES = ("source_busy",)  # asking again at once is what the storage service does not want


class WaitedTooLong(ApiError):
    """The request that was doing this work did not finish in time."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("Another request is still making this picture. Ask again in a moment.", retry_after=2)


@dataclass
class Flight(Generic[T]):
    """Work in progress in this process, begun at `began` (seconds since 1970)."""

    began: float = field(default_factory=lambda: clock.now())
    done: threading.Event = field(default_factory=threading.Event)
    outcome: T | None = None
    error: ApiError | None = None


class SingleFlight(Generic[T]):
    """The flights of one process; processes of one host synchronize by file locks, which end with their process."""

    def __init__(self, directory: Path):
        self._directory = directory
        self._lock = threading.Lock()
        self._flights: dict[str, Flight[T]] = {}

    def run(
        self,
        key: str,
        work: Callable[[], T],
        seconds: float,
        *,
        fits: Callable[[T], bool] | None = None,
        since: float = 0.0,
        error_age: float = 0.0,
    ) -> tuple[T, bool]:
        """Do `work` once for all concurrent callers with `key`; the second value says whether this caller led.

        A refusal caused by the source (404, 415, 422, a busy bucket) or the balance (402) is raised to every caller;
        after any other failure one of the waiting callers takes over. So does a caller whom an outcome does not fit,
        and one that asks for work begun after `since` (seconds since 1970); what an error says may be `error_age`
        seconds older than its work. Raises WaitedTooLong after `seconds`.
        """
        deadline = time.monotonic() + seconds
        while True:
            flight, is_leader = self._join(key)
            if is_leader:
                return self._lead(key, flight, work, deadline), True
            if not flight.done.wait(max(0.0, deadline - time.monotonic())):
                raise WaitedTooLong
            if flight.began <= since:
                continue
            if flight.error and flight.began - error_age > since:
                raise flight.error
            if flight.outcome is not None and (fits is None or fits(flight.outcome)):
                return flight.outcome, False

    def _join(self, key: str) -> tuple[Flight[T], bool]:
        with self._lock:
            flight = self._flights.get(key)
            if flight:
                return flight, False
            flight = self._flights[key] = Flight()
            return flight, True

    def _lead(self, key: str, flight: Flight[T], work: Callable[[], T], deadline: float) -> T:
        try:
            with host_lock(self._directory / key, deadline):
                flight.outcome = work()
            return flight.outcome
        except ApiError as refusal:
            if refusal.status in SHARED_STATUSES or refusal.code in SHARED_CODES:
                flight.error = refusal
            raise
        finally:
            with self._lock:
                del self._flights[key]
            flight.done.set()


@contextmanager
def host_lock(path: Path, deadline: float) -> Iterator[None]:
    """Hold the lock of `path` among the processes of this host; WaitedTooLong past `deadline` (monotonic seconds)."""
    descriptor = _acquire(path, deadline)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while locked: a waiting process sees that the file is gone and reopens
        os.close(descriptor)


def _acquire(path: Path, deadline: float) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_current(descriptor, path):
                return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise WaitedTooLong from None
            time.sleep(POLL_SECONDS)
        os.close(descriptor)


def _is_current(descriptor: int, path: Path) -> bool:
    try:
        return os.fstat(descriptor).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
