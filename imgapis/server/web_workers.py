"""gunicorn's threaded worker, with a deadline for every client (R7).

gunicorn bounds neither the reading of a request that has begun nor the writing of an answer, and it waits in its
accepting thread for a client to hang up. Here each has its deadline, and waiting is done in the client's own thread.
"""

import errno
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from gunicorn.workers import gthread

from imgapis.server.request_threads import RequestThreads

SWITCH_SECONDS = 0.0005
PARTING_SECONDS = 0.5
PARTING_BYTES = 65_536
Result = TypeVar("Result")


class DeadlineSocket:
    """A client's connection: a request is read whole within `reads` seconds, each piece written within `writes`."""

    def __init__(self, raw: socket.socket, reads: float, writes: float) -> None:
        self._raw, self._reads, self._writes = raw, reads, writes
        self._read_by = 0.0
        self._parted = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def start_request(self) -> None:
        """A request begins: its time runs from now."""
        self._read_by = time.monotonic() + self._reads

    def setblocking(self, blocking: bool) -> None:
        """Blocking means until the deadline."""
        self._raw.settimeout(self._writes if blocking else 0)

    def recv(self, *sizes: int) -> bytes:
        """Bytes of the request; ConnectionResetError once its time is over."""
        return self._in_time(self._read_by - time.monotonic(), self._raw.recv, *sizes)

    def recv_into(self, *args: Any) -> int:
        """As `recv`, into a buffer."""
        return self._in_time(self._read_by - time.monotonic(), self._raw.recv_into, *args)

    def sendall(self, data: bytes) -> None:
        """Write all of `data`; ConnectionResetError when the client has not read it in time."""
        self._in_time(self._writes, self._raw.sendall, data)

    def _in_time(self, seconds: float, operation: Callable[..., Result], *args: Any) -> Result:
        try:
            self._raw.settimeout(max(seconds, 0.001))
            return operation(*args)
        except TimeoutError:
            # To gunicorn the client has disconnected, which it does not log.
            raise ConnectionResetError(errno.ECONNRESET, "too slow") from None

    def lingering_close(self) -> None:
        """Shut down writing, and read for PARTING_SECONDS what still arrives: with unread bytes at the close the kernel
        would discard the end of the response."""
        self._parted = True
        deadline, received = time.monotonic() + PARTING_SECONDS, 0
        try:
            self._raw.shutdown(socket.SHUT_WR)
            while received < PARTING_BYTES and (remaining := deadline - time.monotonic()) > 0:
                self._raw.settimeout(remaining)
                count = len(self._raw.recv(4_096))
                if not count:
                    return
                received += count
        except OSError:
            return  # gone already, or out of time

    def shutdown(self, how: int) -> None:
        """OSError where `part` has shut down writing: gunicorn then closes without waiting."""
        if self._parted:
            raise OSError(errno.ENOTCONN, "parted")
        self._raw.shutdown(how)


class DeadlineWorker(gthread.ThreadWorker):
    """`--worker-class`: the connections are patient ones, and are parted with in their own thread. What waits for
    somebody else takes no thread from the others (H13)."""

    def init_process(self) -> None:
        """Serve, with threads that take over from each other quickly: a hit is done in less than Python's five
        milliseconds for each."""
        sys.setswitchinterval(SWITCH_SECONDS)
        super().init_process()

    def run(self) -> None:
        """Serve until told to stop, then for `graceful-timeout`; what still runs at a reload is not cut off either,
        until the arbiter ends a worker that says nothing."""
        super().run()
        self.tpool.drain(self.cfg.timeout)

    def get_thread_pool(self) -> RequestThreads:
        """`--threads` of them at work."""
        return RequestThreads(self.cfg.threads)

    def enqueue_req(self, conn: gthread.TConn) -> None:
        """Hand a connection to a thread."""
        if not isinstance(conn.sock, DeadlineSocket):
            conn.sock = DeadlineSocket(conn.sock, settings.CLIENT_READ_SECONDS, settings.CLIENT_WRITE_SECONDS)
        super().enqueue_req(conn)

    def handle(self, conn: gthread.TConn) -> bool:
        """One request; False where the connection ends with it."""
        conn.sock.start_request()
        keep_alive = super().handle(conn)
        if keep_alive is False:
            conn.sock.lingering_close()
        return keep_alive
