"""Clients that take their time: they hold a connection and give next to nothing for it."""

import socket
import time
from contextlib import ExitStack

from tests import environment


def opened(stack: ExitStack, port: int, data: bytes, *, buffer: int = 4_096) -> socket.socket:
    """A connection that has sent `data`, with a receive buffer of `buffer` bytes; closed with the stack."""
    connection = stack.enter_context(socket.socket())
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    connection.settimeout(30)
    connection.connect(("127.0.0.1", port))
    connection.sendall(data)
    return connection


def request(host: str, path: str, version: str = "1.1") -> bytes:
    """The head of a GET."""
    return f"GET {path} HTTP/{version}\r\nHost: {host}\r\n\r\n".encode()


def hung_up(connection: socket.socket) -> bool:
    """Whether the other side ends the connection within half a minute; what it sent before is read away."""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if not connection.recv(1_000_000):
                return True
    except ConnectionResetError:
        return True
    except TimeoutError:
        pass
    return False


def site(port: int = environment.WEB_PORT) -> str:
    """The site's Host header at a port."""
    return f"localhost:{port}"
