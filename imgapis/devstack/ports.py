"""Ports on the loopback address: free ones, and an error for one in use."""

import fcntl
import http.client
import os
import random
import socket
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from imgapis.devstack import failures

HOST = "127.0.0.1"
# Below the ports that Linux and macOS give to outgoing connections, so that none of these is taken between choosing a
# port and listening on it.
RANGE = range(10_240, 32_000)
_reserved: set[int] = set()
_lock_file: int | None = None


def choose(count: int) -> list[int]:
    """`count` different free ports, reserved for this process until it ends. SetupError where there are not so many."""
    start = random.SystemRandom().randrange(len(RANGE))
    chosen: list[int] = []
    for port in (*RANGE[start:], *RANGE[:start]):
        if len(chosen) == count:
            return chosen
        if _reserve(port) and is_free(port):
            chosen.append(port)
    raise failures.SetupError(f"There are not {count} free ports from {RANGE.start} to {RANGE.stop - 1}.")


def remember(path: Path, count: int) -> list[int]:
    """`count` free ports, the same as last time where those are still free: the file at `path` stores them."""
    try:
        saved_ports = [int(word) for word in path.read_text().split()]
    except (FileNotFoundError, ValueError):
        saved_ports = []
    if len(saved_ports) == count and all(
        (port in _reserved or _reserve(port)) and is_free(port) for port in saved_ports
    ):
        return saved_ports
    new_ports = choose(count)
    path.write_text(" ".join(map(str, new_ports)))
    return new_ports


def _reserve(port: int) -> bool:
    """Whether this process alone may have the port from now on: one byte of a file shared by all processes of the user
    is locked for each, and the kernel frees it when the process ends."""
    global _lock_file
    if port in _reserved:
        return False
    if _lock_file is None:
        path = Path(tempfile.gettempdir()) / f"imgapis-ports-{os.getuid()}"
        _lock_file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.lockf(_lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except (BlockingIOError, PermissionError):
        return False
    _reserved.add(port)
    return True


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
