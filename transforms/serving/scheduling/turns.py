"""Whose turn it is to work in this process: workspaces in rotation, each in the order in which its requests came."""

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager


class WaitedForTurn(Exception):
    """The turn did not come in time."""


class Turns:
    """At most `most` at work. A workspace may have as many at work as it leaves for the others, and never more than its
    own limit."""

    def __init__(self, most: int):
        self._most = most
        self._lock = threading.Lock()
        self._working: Counter[str] = Counter()
        self._lines: OrderedDict[str, deque[tuple[int, threading.Event]]] = OrderedDict()

    @contextmanager
    def turn(self, workspace: str, limit: int, seconds: float) -> Iterator[None]:
        """Work within a turn of the workspace. Raises WaitedForTurn after `seconds`."""
        self._wait(workspace, limit, seconds)
        try:
            yield
        finally:
            self._end(workspace)

    def waiting(self, workspace: str) -> int:
        """How many of a workspace wait."""
        with self._lock:
            return len(self._lines.get(workspace, ()))

    def _wait(self, workspace: str, limit: int, seconds: float) -> None:
        entry = limit, threading.Event()
        with self._lock:
            if workspace not in self._lines and self._may_begin(workspace, limit):
                self._working[workspace] += 1
                return
            self._lines.setdefault(workspace, deque()).append(entry)
        if entry[1].wait(seconds):
            return
        with self._lock:
            if entry[1].is_set():  # just now
                return
            self._leave(workspace, entry)
        raise WaitedForTurn

    def _end(self, workspace: str) -> None:
        with self._lock:
            self._working[workspace] -= 1
            if not self._working[workspace]:
                del self._working[workspace]
            self._call_next()

    def _call_next(self) -> None:
        """Let begin whoever may, one of each workspace at a time."""
        called = True
        while called:
            called = False
            for name in list(self._lines):
                limit, event = entry = self._lines[name][0]
                if self._may_begin(name, limit):
                    self._leave(name, entry)
                    self._working[name] += 1
                    event.set()
                    called = True

    def _leave(self, workspace: str, entry: tuple[int, threading.Event]) -> None:
        """Take an entry out of the line of its workspace, which is the last one in rotation then."""
        line = self._lines[workspace]
        line.remove(entry)
        if line:
            self._lines.move_to_end(workspace)
        else:
            del self._lines[workspace]

    def _may_begin(self, workspace: str, limit: int) -> bool:
        return self._working[workspace] < min(limit, self._most - self._working.total())
