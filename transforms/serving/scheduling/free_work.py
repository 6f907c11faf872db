"""The one budget of a workspace for work that costs nothing, so that no sum of it is a way to be served for nothing.

FREE_WORK_PER_MINUTE points a minute and host, saved up for a minute at most. Everything that is free and no hit is
listed here, by its points; credits have nothing to do with them.
"""

import fcntl
import hashlib
import math
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from imgapis.base import clock
from imgapis.base.errors import ApiError

HEAD = 1  # a cold HEAD looks into the bucket
FALLBACK = 1  # a picture instead of 402
EXPLAIN = 2  # /explain and the playground's previews: settings, bucket and ledger are looked at
DOCTOR = 40  # a fetch and a decoding
FAILED_RENDERING = 40  # of a source that took too long or made the decoder fail
GROUPS, SLOTS = 1_024, 8
SLOT = struct.Struct("=8sdd")
TRIES, TRY_SECONDS = 50, 0.002
WINDOW_SECONDS = 60


class FreeWorkUsedUp(ApiError):
    """The workspace asked for more free work than there is."""

    status = 429
    code = "free_work_used_up"


class Budgets:
    """The points that each workspace has left on this host, in a file of all its processes: GROUPS groups of SLOTS
    slots, each a digest of the workspace, its points, and the moment (monotonic seconds, which all processes of a host
    share) at which it had them. Where a group is full the slot that was used longest ago is taken.

    The lock of the file ends with the process that holds it. Where the file cannot be used, as on a full disk, work is
    not refused for it."""

    def __init__(self, path: Path):
        self._path = path

    def spend(self, workspace_id: str, points: int) -> None:
        """Take points of a workspace. Raises FreeWorkUsedUp with the seconds to wait, and takes none, where it has
        fewer."""
        left = self._change(workspace_id, lambda left: left - points if left >= points else left)
        if left >= points:
            return
        wait = math.ceil((points - left) * WINDOW_SECONDS / settings.FREE_WORK_PER_MINUTE)
        raise FreeWorkUsedUp(
            "This workspace has asked for more free work (quotes, HEAD requests, tests of sources) than there is in a"
            " minute. Pictures are not affected. Wait as Retry-After says.",
            retry_after=max(1, wait),
        )

    def note(self, workspace_id: str, points: int) -> None:
        """Take points for work that is done already; what is not there is not owed."""
        self._change(workspace_id, lambda left: max(0.0, left - points))

    def clear(self) -> None:
        """Give everybody all points again."""
        self._path.unlink(missing_ok=True)

    def _change(self, workspace_id: str, change: Callable[[float], float]) -> float:
        """Change the points that a workspace has left; returns how many it had."""
        digest = hashlib.blake2b(workspace_id.encode(), digest_size=8).digest()
        start = int.from_bytes(digest) % GROUPS * SLOTS * SLOT.size
        try:
            with self._locked() as file:
                group = os.pread(file, SLOTS * SLOT.size, start).ljust(SLOTS * SLOT.size, b"\0")
                entries = list(SLOT.iter_unpack(group))
                own = [index for index, entry in enumerate(entries) if entry[0] == digest]
                index = own[0] if own else min(range(SLOTS), key=lambda index: entries[index][2])
                left = _left(*entries[index][1:]) if own else float(settings.FREE_WORK_PER_MINUTE)
                os.pwrite(file, SLOT.pack(digest, change(left), clock.monotonic()), start + index * SLOT.size)
                return left
        except OSError:
            return float("inf")

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The file, held by nobody else: each opening has a lock of its own. Raises OSError, also where another process
        holds it for long."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            for _ in range(TRIES - 1):
                with suppress(BlockingIOError):
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                time.sleep(TRY_SECONDS)
            else:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
        finally:
            os.close(file)


def _left(points: float, since: float) -> float:
    """What is left of points that a workspace had at a moment; all of them where the slot makes no sense, as after a
    restart of the host."""
    most, seconds = float(settings.FREE_WORK_PER_MINUTE), clock.monotonic() - since
    if not (seconds >= 0 and points >= 0):
        return most
    return min(most, points + seconds * most / WINDOW_SECONDS)


_budgets = Budgets(settings.VAR_DIR / "run" / "free-work")
spend, note, clear = _budgets.spend, _budgets.note, _budgets.clear
