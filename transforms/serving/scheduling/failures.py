"""Sources that took too long or made the decoder fail: remembered for minutes, and answered at once with the reason.

Such work costs the server all it may and the customer nothing, so it is not done again for the asking. In the memory of
one process, by a keyed digest; a purge makes it forgotten.
"""

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

from django.conf import settings

from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from transforms.serving.image_plans import RenderPlan
from transforms.serving.scheduling import free_work
from transforms.tenant.tenants import Tenant

MOST = 10_000
ORIGIN_SECONDS = 30.0  # an origin that was slow may be quick again at any moment
REMEMBERED = ("render_timeout", "render_crashed", "source_timeout")


@dataclass(frozen=True)
class Failure:
    """What was answered, until when it counts (monotonic seconds), and the newest purge it was made after."""

    refusal: ApiError
    until: float
    known_purge: float


class Failures:
    """The failures of one process; the oldest are dropped beyond `most`."""

    def __init__(self, most: int = MOST):
        self._most = most
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, Failure] = OrderedDict()

    def check(self, tenant: Tenant, plan: RenderPlan) -> None:
        """Raises the refusal that the sources of a plan met within the last minutes, unless they were purged since."""
        name = _name(tenant, plan)
        with self._lock:
            failure = self._entries.get(name)
            if failure is None:
                return
            seconds = failure.until - clock.monotonic()
            if seconds <= 0 or plan.purged_before > failure.known_purge:
                del self._entries[name]
                return
        refusal, wait = failure.refusal, math.ceil(seconds)
        raise ApiError(
            f"{refusal.message} That was a moment ago, so it was not tried again: it is in {wait} seconds, or once the"
            " source is purged.",
            param=refusal.param, code=refusal.code, status=refusal.status, retry_after=wait,
        )  # fmt: skip

    def note(self, tenant: Tenant, plan: RenderPlan, refusal: ApiError) -> None:
        """Remember a refusal, where it is of a kind that costs."""
        if refusal.code not in REMEMBERED or not plan.originals:
            return
        is_slow_origin = refusal.code == "source_timeout"
        seconds = ORIGIN_SECONDS if is_slow_origin else settings.FAILED_SOURCE_SECONDS
        if not is_slow_origin:
            free_work.note(tenant.workspace_id, free_work.FAILED_RENDERING)
        with self._lock:
            name = _name(tenant, plan)
            self._entries[name] = Failure(refusal, clock.monotonic() + seconds, plan.purged_before)
            self._entries.move_to_end(name)
            while len(self._entries) > self._most:
                self._entries.popitem(last=False)

    def forget(self, tenant: Tenant, plan: RenderPlan) -> None:
        """The sources of a plan have just been read and processed."""
        with self._lock:
            self._entries.pop(_name(tenant, plan), None)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


def _name(tenant: Tenant, plan: RenderPlan) -> str:
    """A digest of the workspace and of all sources: which of several it was is not known."""
    parts = [part for original in plan.originals for part in (str(len(original.identity)), *original.identity)]
    return tokens.keyed_digest(tenant.cache_key, ("failed", *parts))


memory = Failures()
