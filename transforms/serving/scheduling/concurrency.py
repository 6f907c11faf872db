"""How many pictures a workspace makes at once on this host: as many as its plan allows, while the others wait for their
turn (R6, H13)."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from weakref import WeakValueDictionary

from django.conf import settings

from imgapis.base.errors import ApiError
from transforms.serving.coalesce import WaitedTooLong, host_lock
from transforms.serving.scheduling.turns import Turns, WaitedForTurn

POLL_SECONDS, LONGEST_POLL_SECONDS = 0.02, 0.1
DIRECTORY = settings.VAR_DIR / "run" / "places"
# Originals and pictures of all of them are in memory at once; each finds room in the queue of the render processes.
MOST_AT_WORK = max(2, min(settings.GUNICORN_THREADS * 3 // 2, settings.RENDER_QUEUE))
_turns = Turns(MOST_AT_WORK)
_making = threading.Lock()


class _Gate:
    """One request of a workspace looks for a place among the processes of the host; the others wait behind it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


_gates: "WeakValueDictionary[str, _Gate]" = WeakValueDictionary()


class ConcurrencyLimitReached(ApiError):
    """The workspace makes as many pictures at once as its plan allows, and this one's turn did not come in time."""

    status = 429
    code = "too_many_at_once"

    def __init__(self, limit: int):
        super().__init__(
            f"This workspace makes {limit} new pictures at once, the most of its plan, and this one waited too long for"
            " its turn. Ask again in a moment. Cached pictures are not counted.",
            retry_after=2,
        )


@contextmanager
def slot(workspace: str, limit: int, seconds: float | None = None) -> Iterator[None]:
    """Hold one of a workspace's `limit` slots among the processes of this host; file locks, which `kill -9` frees.

    Raises ConcurrencyLimitReached after `seconds` (None: TURN_SECONDS). Followers hold no slot."""
    seconds = settings.TURN_SECONDS if seconds is None else seconds
    deadline = time.monotonic() + seconds
    try:
        with _turns.turn(workspace, limit, seconds), ExitStack() as locks:
            _acquire(locks, workspace, limit, deadline)
            yield
    except WaitedForTurn:
        raise ConcurrencyLimitReached(limit) from None


def _acquire(locks: ExitStack, workspace: str, limit: int, deadline: float) -> None:
    """Take a file lock of the workspace. Raises WaitedForTurn."""
    with _making:
        gate = _gates.setdefault(workspace, _Gate())
    if not gate.lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise WaitedForTurn
    try:
        pause = POLL_SECONDS
        while not _try_once(locks, workspace, limit):
            if time.monotonic() > deadline:
                raise WaitedForTurn
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_POLL_SECONDS)
    finally:
        gate.lock.release()


def _try_once(locks: ExitStack, workspace: str, limit: int) -> bool:
    for index in random.sample(range(limit), limit):
        try:
            locks.enter_context(host_lock(DIRECTORY / f"{workspace}-{index}", 0.0))
        except WaitedTooLong:
            continue
        return True
    return False
