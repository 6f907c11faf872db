"""The one budget of a workspace for work that costs nothing, so that no sum of it is a way to be served for nothing.

FREE_WORK_PER_MINUTE points a minute and process, saved up for a minute at most. Everything that is free and no hit is
listed here, by its points; credits have nothing to do with them.
"""

import math
import threading
from collections import OrderedDict

from django.conf import settings

from imgapis.base import clock
from imgapis.base.errors import ApiError

HEAD = 1  # a cold HEAD looks into the bucket
FALLBACK = 1  # a picture instead of 402
EXPLAIN = 2  # /explain and the playground's previews: settings, bucket and ledger are looked at
DOCTOR = 40  # a fetch and a decoding
FAILED_RENDERING = 40  # of a source that took too long or made the decoder fail
MOST_WORKSPACES = 10_000
WINDOW_SECONDS = 60


class FreeWorkUsedUp(ApiError):
    """The workspace asked for more free work than there is."""

    status = 429
    code = "free_work_used_up"


class Budgets:
    """The points that each workspace has left, in the memory of one process."""

    def __init__(self):
        self._lock = threading.Lock()
        self._points: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, workspace_id: str, points: int) -> None:
        """Take points of a workspace. Raises FreeWorkUsedUp with the seconds to wait, and takes none, where it has
        fewer."""
        with self._lock:
            left = self._left(workspace_id)
            if left >= points:
                self._set(workspace_id, left - points)
                return
        wait = math.ceil((points - left) * WINDOW_SECONDS / settings.FREE_WORK_PER_MINUTE)
        raise FreeWorkUsedUp(
            "This workspace has asked for more free work (quotes, HEAD requests, tests of sources) than there is in a"
            " minute. Pictures are not affected. Wait as Retry-After says.",
            retry_after=max(1, wait),
        )

    def note(self, workspace_id: str, points: int) -> None:
        """Take points for work that is done already; what is not there is not owed."""
        with self._lock:
            self._set(workspace_id, max(0.0, self._left(workspace_id) - points))

    def clear(self) -> None:
        """Give everybody all points again."""
        with self._lock:
            self._points.clear()

    def _left(self, workspace_id: str) -> float:
        most = float(settings.FREE_WORK_PER_MINUTE)
        points, since = self._points.get(workspace_id, (most, clock.monotonic()))
        return min(most, points + (clock.monotonic() - since) * most / WINDOW_SECONDS)

    def _set(self, workspace_id: str, points: float) -> None:
        self._points[workspace_id] = points, clock.monotonic()
        self._points.move_to_end(workspace_id)
        while len(self._points) > MOST_WORKSPACES:
            self._points.popitem(last=False)


_budgets = Budgets()
spend, note, clear = _budgets.spend, _budgets.note, _budgets.clear
