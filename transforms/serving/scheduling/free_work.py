"""The one budget of a workspace for work that costs nothing, so that no sum of it is a way to be served for nothing.

FREE_WORK_PER_MINUTE points a minute and host, saved up for a minute at most. Everything that is free and no hit is
listed here, by its points; credits have nothing to do with them. That a rendering fails, and so is free, is known only
afterwards: what it costs beyond the points that are left is owed, and until it is paid back no other is begun.
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
EXPLAIN = 2  # /explain, the playground's previews, what is stored of an address: settings, bucket and ledger
DOCTOR = 40  # a fetch and a decoding
COMPARISON = 80  # a fetch, a rendering that may fail, and the decoding and measuring of two pictures
FAILED_RENDERING = 40  # of a source that took too long or made the decoder fail; the most of any that failed
PIXELS_PER_POINT = 1_000_000  # decoded or made by a rendering that failed in another way: some 50 ms of a process
# Failures that a source's header decides, before a pixel is decoded; and those before which nothing was done.
OF_HEADER = ("unsupported_format", "unsupported_variant", "too_many_pixels", "too_many_scans", "source_side_too_long")
OF_QUEUE = ("render_busy", "too_many_waiting")
GROUPS, SLOTS = 1_024, 8
SLOT = struct.Struct("=8sdd")
TRIES, TRY_SECONDS = 50, 0.002
WINDOW_SECONDS = 60
MOST_OWED_MINUTES = 10
USED_UP = (
    "This workspace has asked for more free work (quotes, HEAD requests, tests of sources, comparisons, pictures that"
    " could not be made) than there is in a minute. Cached pictures are not affected. Wait as Retry-After says."
)
OWED = (
    "Too many pictures of this workspace could not be made, which cost it nothing. New ones are made again after the"
    " time that Retry-After says; cached ones are not affected."
)


class FreeWorkUsedUp(ApiError):
    """The workspace asked for more free work than there is; `points` are to be there before it may have more."""

    status = 429
    code = "free_work_used_up"

    def __init__(self, message: str, points: float):
        wait = math.ceil(points * WINDOW_SECONDS / settings.FREE_WORK_PER_MINUTE)
        super().__init__(message, retry_after=max(1, wait))


def points_of_failure(code: str, pixels: int, *, is_early: bool = False, has_drawing: bool = False) -> int:
    """What a rendering that failed with an engine error costs, by the pixels it was to decode and to make
    (`workloads`); the least where it failed before a pixel was decoded. A drawing has no header: it is read as a whole
    before its size or a picture in it is refused."""
    if code in OF_QUEUE:
        return 0
    if (is_early or code in OF_HEADER) and not has_drawing:
        return 1
    if code in ("render_timeout", "render_crashed"):
        return FAILED_RENDERING
    return min(FAILED_RENDERING, 1 + pixels // PIXELS_PER_POINT)


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
        raise FreeWorkUsedUp(USED_UP, points - left)

    def note(self, workspace_id: str, points: int) -> None:
        """Take points for work that is done already; what is not there is owed, for MOST_OWED_MINUTES at most."""
        most_owed = MOST_OWED_MINUTES * settings.FREE_WORK_PER_MINUTE
        self._change(workspace_id, lambda left: max(-most_owed, left - points))

    def require_none_owed(self, workspace_id: str) -> None:
        """Raises FreeWorkUsedUp, with the seconds until it is paid back, where a workspace owes points. One that has
        merely used up its points owes none."""
        left = self._change(workspace_id, lambda left: left)
        if left < 0:
            raise FreeWorkUsedUp(OWED, -left)

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
    """What is left of points that a workspace had at a moment, below zero where it owes them; all of them where the
    slot makes no sense, as after a restart of the host."""
    most, seconds = float(settings.FREE_WORK_PER_MINUTE), clock.monotonic() - since
    if not (seconds >= 0 and points >= -MOST_OWED_MINUTES * most):
        return most
    return min(most, points + seconds * most / WINDOW_SECONDS)


_budgets = Budgets(settings.VAR_DIR / "run" / "free-work")
spend, note, require_none_owed, clear = _budgets.spend, _budgets.note, _budgets.require_none_owed, _budgets.clear
