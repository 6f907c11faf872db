"""Originals that several requests need at the same time: each is fetched once, and held until the last of them has
ended (R4, P07).

Together are requests of one workspace under the same settings (Tenant.revision), for the same original and the same
`v`. A request takes what another one fetched only where that was begun after what voids older pictures for it: a purge,
its ttl, the ttl of its sources (H16).
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from django.conf import settings

from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.outbound import errors
from imgapis.base.outbound.fetch import FetchResult, Note
from transforms.serving.image_plans import RenderPlan
from transforms.sources.originals import Original
from transforms.tenant.tenants import Tenant

SPARE_SECONDS = 1.0  # beyond its own deadline, for the fetch of another request to say how it ended
Key = tuple[str, ...]


@dataclass(eq=False)
class _Fetch:
    """A fetch that `holders` requests have joined, begun at `began` (seconds since 1970)."""

    began: float = field(default_factory=lambda: clock.now())
    since: float = field(default_factory=time.monotonic)
    done: threading.Event = field(default_factory=threading.Event)
    result: FetchResult | None = None
    error: ApiError | None = None
    holders: int = 0


@dataclass
class SharedPlan:
    """A plan whose originals read what other requests have fetched where they may."""

    plan: RenderPlan
    fetches: list[_Fetch] = field(default_factory=list)

    def began(self, now: float) -> float:
        """When the earliest of the fetches so far was begun, if that is before `now` (seconds since 1970)."""
        return min([now, *(fetch.began for fetch in self.fetches)])


class SharedFetches:
    """The fetches of one process that requests hold."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._fetches: dict[Key, _Fetch] = {}

    @contextmanager
    def of(self, tenant: Tenant, plan: RenderPlan) -> Iterator[SharedPlan]:
        """The plan with shared originals, which are held until the end of the block."""
        with ExitStack() as holds:
            shared = SharedPlan(plan)
            originals = [self._shared(tenant, original, shared, holds) for original in plan.originals]
            shared.plan = replace(plan, originals=tuple(originals))
            yield shared

    def __len__(self) -> int:
        return len(self._fetches)

    def _shared(self, tenant: Tenant, original: Original, shared: SharedPlan, holds: ExitStack) -> Original:
        plan = shared.plan
        key = (tenant.workspace_id, tenant.revision, str(plan.spec.values.get("v", "")), *original.identity)

        def read(note: Note) -> FetchResult:
            fetch, is_first = self._join(key, plan.void_before)
            holds.callback(self._leave, key, fetch)
            shared.fetches.append(fetch)
            if is_first:
                return self._fetched(key, fetch, original, note)
            return _awaited(fetch) or original.read(note)

        return replace(original, read=read)

    def _join(self, key: Key, void_before: float) -> tuple[_Fetch, bool]:
        """The fetch to take part in, and whether it is still to be done, by whoever is told so."""
        with self._lock:
            fetch = self._fetches.get(key)
            is_first = fetch is None or not _may_be_joined(fetch, void_before)
            if fetch is None or is_first:
                fetch = self._fetches[key] = _Fetch()
            fetch.holders += 1
            return fetch, is_first

    def _fetched(self, key: Key, fetch: _Fetch, original: Original, note: Note) -> FetchResult:
        try:
            fetch.result = original.read(note)
            return fetch.result
        except ApiError as refusal:
            fetch.error = _copy(refusal)
            raise
        finally:
            if fetch.result is None:
                self._drop(key, fetch)  # it is the answer of those who waited, and of nobody else
            fetch.done.set()

    def _leave(self, key: Key, fetch: _Fetch) -> None:
        with self._lock:
            fetch.holders -= 1
            is_last = not fetch.holders
        if is_last:
            self._drop(key, fetch)

    def _drop(self, key: Key, fetch: _Fetch) -> None:
        with self._lock:
            if self._fetches.get(key) is fetch:
                del self._fetches[key]


def _may_be_joined(fetch: _Fetch, void_before: float) -> bool:
    """Whether it is young enough: also where request follows request, none is held for longer than that."""
    return fetch.began > void_before and time.monotonic() - fetch.since < settings.FETCH_TOTAL_SECONDS


def _awaited(fetch: _Fetch) -> FetchResult | None:
    """The result of another request's fetch; None where that met a bug. Raises its error, as one of its own."""
    if not fetch.done.wait(settings.FETCH_TOTAL_SECONDS + SPARE_SECONDS):
        raise errors.timed_out()
    if fetch.error is not None:
        raise _copy(fetch.error)
    return fetch.result


def _copy(error: ApiError) -> ApiError:
    """Another error that says the same: it is completed by each request, and raised by it."""
    other = type(error).__new__(type(error), *error.args)
    other.__dict__.update(error.__dict__)
    return other


fetches = SharedFetches()
