"""Requests that wait for somebody else (an origin, a look-up, a render process, another request): bounded in a process
and for each workspace, and without a request thread while they do (R6, H13)."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from django.conf import settings

from imgapis.base.errors import ApiError

RETRY_SECONDS = 2


class TooManyWaiting(ApiError):
    """As many requests of the workspace wait as may."""

    status = 429
    code = "too_many_waiting"

    def __init__(self) -> None:
        super().__init__(
            "Too many requests of this workspace wait for sources or for pictures being made. Ask again in a moment."
            " Cached pictures are not counted.",
            retry_after=RETRY_SECONDS,
        )


class ServerBusy(ApiError):
    """As many requests wait in this process as may."""

    status = 503
    code = "busy"

    def __init__(self) -> None:
        super().__init__("Too many requests are waiting at once. Ask again in a moment.", retry_after=RETRY_SECONDS)


class Threads(Protocol):
    """A pool of request threads."""

    def lend(self) -> None:
        """The calling thread waits from now on: another one may take its place."""

    def take_back(self) -> None:
        """The calling thread works again."""


class Places:
    """The places of one process. A workspace may hold as many as it leaves for the others (dynamic thresholds,
    Choudhury and Hahne 1998): half of them where it is alone, a third beside another one, and so on."""

    def __init__(self, most: int):
        self._most = most
        self._lock = threading.Lock()
        self._held: Counter[str] = Counter()
        self._here = threading.local()

    def serve_from(self, threads: Threads) -> None:
        """The calling thread is one of these request threads."""
        self._here.threads = threads

    @contextmanager
    def place(self, workspace_id: str) -> Iterator[None]:
        """Hold a place of the workspace while waiting; the second one of a request is the same place. Raises
        TooManyWaiting, ServerBusy."""
        if getattr(self._here, "is_waiting", False):
            yield
            return
        self._acquire(workspace_id)
        threads: Threads | None = getattr(self._here, "threads", None)
        self._here.is_waiting = True
        if threads:
            threads.lend()
        try:
            yield
        finally:
            if threads:
                threads.take_back()
            self._here.is_waiting = False
            self._release(workspace_id)

    def held(self, workspace_id: str) -> int:
        """How many requests of a workspace wait."""
        return self._held[workspace_id]

    def _acquire(self, workspace_id: str) -> None:
        with self._lock:
            left = self._most - self._held.total()
            if left <= 0:
                raise ServerBusy
            if self._held[workspace_id] >= left:
                raise TooManyWaiting
            self._held[workspace_id] += 1

    def _release(self, workspace_id: str) -> None:
        with self._lock:
            self._held[workspace_id] -= 1
            if not self._held[workspace_id]:
                del self._held[workspace_id]


_places = Places(settings.WAITING_REQUESTS)
place, held, serve_from = _places.place, _places.held, _places.serve_from
