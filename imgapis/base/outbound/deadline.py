"""A wall-clock limit on a connection, whatever is being read from it."""

import socket
import threading
import time
from types import TracebackType


class Watchdog:
    """Shuts a connection at the deadline (monotonic seconds), so that any read of it ends at once.

    A timeout of the socket counts from the last byte: an origin that sends one a second would never meet it.
    """

    def __init__(self, deadline: float):
        self._deadline = deadline
        self._handle: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, deadline - time.monotonic()), self._expire)
        self._timer.daemon = True

    def __enter__(self) -> "Watchdog":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._release()

    def watch(self, connection: socket.socket) -> None:
        """Watch this connection instead of the last one; our own handle on it outlives its wrapping in TLS."""
        self._release()
        with self._lock:
            self._handle = connection.dup()
        if time.monotonic() >= self._deadline:  # the timer may have fired between two connections
            self._expire()

    def _expire(self) -> None:
        with self._lock:
            if self._handle:
                try:
                    self._handle.shutdown(socket.SHUT_RDWR)
                except OSError:  # the origin closed it first
                    pass

    def _release(self) -> None:
        with self._lock:
            if self._handle:
                self._handle.close()
                self._handle = None
