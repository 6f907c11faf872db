"""Concurrency limit per workspace on this host: a few requests queue, the rest are refused with Retry-After (R6)."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.conf import settings

from imgapis.base.errors import ApiError
from transforms.serving.coalesce import WaitedTooLong, host_lock

WAIT_SECONDS = 5.0
POLL_SECONDS = 0.03
DIRECTORY = settings.VAR_DIR / "run" / "places"
# So that the waiting requests of one workspace leave threads for the others.
MOST_WAITING = max(1, settings.GUNICORN_THREADS // 4)
_waiting: Counter[str] = Counter()
_lock = threading.Lock()


class ConcurrencyLimitReached(ApiError):
    """The workspace renders as many pictures at once as its plan allows, and its queue is full."""

    status = 429
    code = "too_many_at_once"

    def __init__(self, limit: int):
        super().__init__(
            f"This workspace makes {limit} new pictures at once, the most of its plan. Ask again in a moment."
            " Cached pictures are not counted.",
            retry_after=1,
        )


@contextmanager
def slot(workspace: str, limit: int) -> Iterator[None]:
    """Hold one of a workspace's `limit` slots among the processes of this host; file locks, which `kill -9` frees.

    Raises ConcurrencyLimitReached after WAIT_SECONDS, or at once where MOST_WAITING requests wait already. Followers
    hold no slot."""
    with ExitStack() as locks:
        if not _acquire(locks, workspace, limit):
            with _queued(workspace, limit):
                deadline = time.monotonic() + WAIT_SECONDS
                while not _acquire(locks, workspace, limit):
                    if time.monotonic() > deadline:
                        raise ConcurrencyLimitReached(limit)
                    time.sleep(POLL_SECONDS)
        yield


@contextmanager
def _queued(workspace: str, limit: int) -> Iterator[None]:
    with _lock:
        if _waiting[workspace] >= MOST_WAITING:
            raise ConcurrencyLimitReached(limit)
        _waiting[workspace] += 1
    try:
        yield
    finally:
        with _lock:
            _waiting[workspace] -= 1
            if not _waiting[workspace]:
                del _waiting[workspace]


def _acquire(locks: ExitStack, workspace: str, limit: int) -> bool:
    for index in range(limit):
        try:
            locks.enter_context(host_lock(DIRECTORY / f"{workspace}-{index}", 0.0))
        except WaitedTooLong:
            continue
        return True
    return False
