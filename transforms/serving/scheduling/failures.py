"""Sources that took too long or made the decoder fail: remembered for minutes, and answered at once with the reason.

Such work costs the server all it may and the customer nothing, so it is not done again for the asking. In the memory of
one process, by a keyed digest; a purge makes it forgotten. A request for far less than what failed is tried, so that
nobody who asks for the most a picture can be made into keeps others from its thumbnails.
"""

import math
import threading
from dataclasses import dataclass

from cachetools import LRUCache
from django.conf import settings

from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from transforms.serving.image_plans import RenderPlan
from transforms.tenant.tenants import Tenant

MOST = 10_000
ORIGIN_SECONDS = 30.0  # an origin that was slow may be quick again at any moment
BRIEFLY = ("source_timeout", "broken_image")  # a file may be mended at any moment too
REMEMBERED = ("render_timeout", "render_crashed", *BRIEFLY)
FAR_LESS = 8  # a request for this part of the work is tried
WHOLE_PIXELS = 50_000_000  # what a request without a side is taken for


@dataclass(frozen=True)
class Failure:
    """What was answered, until when it counts (monotonic seconds), the newest purge it was made after, and the least
    work that failed."""

    refusal: ApiError
    until: float
    known_purge: float
    work: int


class Failures:
    """The failures of one process; beyond `most`, what was asked for longest ago is dropped."""

    def __init__(self, most: int = MOST):
        self._lock = threading.Lock()
        self._entries: LRUCache[str, Failure] = LRUCache(most)

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
            if _work(plan) * FAR_LESS <= failure.work and failure.refusal.code not in BRIEFLY:
                return
        refusal, wait = failure.refusal, math.ceil(seconds)
        raise ApiError(
            f"{refusal.message} That was a moment ago, so it was not tried again: it is in {wait} seconds, or once the"
            " source is purged.",
            param=refusal.param,
            code=refusal.code,
            status=refusal.status,
            retry_after=wait,
        )

    def note(self, tenant: Tenant, plan: RenderPlan, refusal: ApiError) -> None:
        """Remember a refusal, where it is of a kind that costs."""
        if refusal.code not in REMEMBERED or not plan.originals:
            return
        seconds = ORIGIN_SECONDS if refusal.code in BRIEFLY else settings.FAILED_SOURCE_SECONDS
        with self._lock:
            name, work = _name(tenant, plan), _work(plan)
            earlier = self._entries.get(name)
            work = min(work, earlier.work) if earlier and earlier.until > clock.monotonic() else work
            self._entries[name] = Failure(refusal, clock.monotonic() + seconds, plan.purged_before, work)

    def forget(self, tenant: Tenant, plan: RenderPlan) -> None:
        """The sources of a plan have just been read and processed: what asks for no more will be too."""
        with self._lock:
            name = _name(tenant, plan)
            failure = self._entries.get(name)
            if failure and _work(plan) >= failure.work:
                del self._entries[name]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)


def _work(plan: RenderPlan) -> int:
    """What a request asks for, before anything of its sources is known: pixels, times the steps they go through."""
    values = plan.spec.values
    sides = [int(values[side]) for side in ("w", "h") if values.get(side)]
    pixels = sides[0] * sides[-1] if sides else WHOLE_PIXELS
    return int(pixels * float(values.get("dpr", 1)) ** 2) * (1 + len(values.keys() - {"v"}))


def _name(tenant: Tenant, plan: RenderPlan) -> str:
    """A digest of the workspace and of all sources: which of several it was is not known."""
    parts = [part for original in plan.originals for part in (str(len(original.identity)), *original.identity)]
    return tokens.keyed_digest(tenant.cache_key, ("failed", *parts))


memory = Failures()
