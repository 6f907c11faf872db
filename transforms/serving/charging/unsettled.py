"""Finished pictures whose charge could not be settled: kept for a minute and served to nobody, so that the next request
for one charges it and renders nothing."""

import threading
from dataclasses import dataclass

from cachetools import TTLCache

from imgapis.base import clock
from transforms.engine.job import Output
from transforms.serving.cache import CachedOutput
from transforms.serving.charging.claims import Prints
from transforms.serving.image_plans import RenderPlan

SECONDS = 60.0
MOST_BYTES = 32_000_000


@dataclass(frozen=True)
class FinishedPicture:
    """A rendered output, the digests of the bytes that it was made of, what is to be stored, and for how many seconds
    its charge pays."""

    output: Output
    prints: Prints
    entry: CachedOutput
    seconds: int

    def seconds_from(self, moment: float) -> int:
        """For how many seconds a charge of this moment pays, so that its claim ends with the output: the source may
        have been read for an earlier request, and the picture made for one whose charge failed."""
        return max(1, self.seconds - (int(moment) - int(self.entry.stored)))

    @property
    def size(self) -> int:
        """The bytes of its body."""
        return len(self.entry.body)


class UnsettledPictures:
    """The finished pictures of one process; beyond `most_bytes`, the oldest are dropped."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._lock = threading.Lock()
        self._pictures: TTLCache[str, FinishedPicture] = TTLCache(
            most_bytes, SECONDS, lambda: clock.monotonic(), getsizeof=lambda picture: picture.size
        )

    def keep(self, plan: RenderPlan, picture: FinishedPicture) -> None:
        """Keep the finished picture of a plan, unless it is larger than all of them may be; one that is kept already is
        kept no longer for it."""
        with self._lock:
            if picture.size <= self._pictures.maxsize and self._pictures.get(plan.key) is not picture:
                self._pictures[plan.key] = picture

    def find(self, plan: RenderPlan) -> FinishedPicture | None:
        """The finished picture of a plan; None where there is none, or where it has expired, was purged, or is older
        than the plan takes."""
        with self._lock:
            picture = self._pictures.get(plan.key)
        if picture is None or picture.entry.expires <= clock.now():
            return None
        is_valid = picture.entry.outlives(plan.purged_before, plan.engine) and plan.accepts(picture.entry)
        return picture if is_valid else None

    def drop(self, plan: RenderPlan) -> None:
        """Keep the picture of a plan no longer: it is charged."""
        with self._lock:
            self._pictures.pop(plan.key, None)

    def clear(self) -> None:
        """Keep none any more."""
        with self._lock:
            self._pictures.clear()


memory = UnsettledPictures()
