"""A client that costs little: some connections kept open, asked in turn for one address."""

import re
import socket
import time
from contextlib import ExitStack

CONNECTIONS = 8
LENGTH = re.compile(rb"(?i)\r\ncontent-length: (\d+)")


class Connections:
    """Connections to a server. The answers are read as far as their length says, and looked at no further."""

    def __init__(self, port: int, host: str):
        self.host, self._stack = host, ExitStack()
        self._sockets = [
            self._stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30))
            for _ in range(CONNECTIONS)
        ]
        for each in self._sockets:
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """Close them all."""
        self._stack.close()

    def first(self, path: str) -> bytes:
        """One answer, head and body."""
        self._sockets[0].sendall(self._request(path))
        return _answer(self._sockets[0])

    def run(self, path: str, seconds: float) -> tuple[int, float]:
        """How many answers came in how many seconds, `seconds` at least; each connection always has one request under
        way."""
        request, count = self._request(path), 0
        start = time.perf_counter()
        for each in self._sockets:
            each.sendall(request)
        while time.perf_counter() - start < seconds:
            for each in self._sockets:
                _answer(each)
                each.sendall(request)
            count += len(self._sockets)
        elapsed = time.perf_counter() - start
        for each in self._sockets:
            _answer(each)
        return count, elapsed

    def _request(self, path: str) -> bytes:
        return f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\nAccept: image/webp,*/*\r\n\r\n".encode()


def _answer(connection: socket.socket) -> bytes:
    """An answer, whole. Raises RuntimeError for one that is not 200, ConnectionResetError for one that is cut off."""
    received = _received(connection)
    while b"\r\n\r\n" not in received:
        received += _received(connection)
    head = received.partition(b"\r\n\r\n")[0]
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode("latin-1"))
    whole = len(head) + 4 + int(LENGTH.search(head)[1])
    while len(received) < whole:
        received += _received(connection)
    return received


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(1_000_000)
    if not piece:
        raise ConnectionResetError("The server has closed the connection.")
    return piece
