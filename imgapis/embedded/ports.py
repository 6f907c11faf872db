"""Ports on the loopback address: free ones, and an error for one in use."""

import http.client
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path

from imgapis.embedded import failures

HOST = "127.0.0.1"


def choose(count: int) -> list[int]:
    """`count` different free ports, all bound at the same time so that none is returned twice."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for sock in sockets:
            sock.bind((HOST, 0))
        return [sock.getsockname()[1] for sock in sockets]
    finally:
        for sock in sockets:
            sock.close()


def remember(path: Path, count: int) -> list[int]:
    """`count` free ports, the same as last time where those are still free: the file at `path` stores them."""
    try:
        saved_ports = [int(word) for word in path.read_text().split()]
    except (FileNotFoundError, ValueError):
        saved_ports = []
    if len(saved_ports) == count and all(is_free(port) for port in saved_ports):
        return saved_ports
    new_ports = choose(count)
    path.write_text(" ".join(map(str, new_ports)))
    return new_ports


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now; connections still closing do not count."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def require(port: int, seconds: float = 3.0) -> None:
    """Wait up to `seconds` for the port, since a process just killed may still be closing it; then SetupError."""
    deadline = time.monotonic() + seconds
    while not is_free(port):
        if time.monotonic() > deadline:
            raise failures.SetupError(
                f"Port {port} is taken: stop what listens there, or choose another one: make run PORT={port + 1}"
            )
        time.sleep(0.1)


def status(url: str, seconds: float = 2.0) -> int | None:
    """The HTTP status an address answers with, whatever it is; None while nothing answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=seconds) as response:
            return response.status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    except (OSError, http.client.HTTPException):
        return None
