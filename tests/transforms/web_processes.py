"""The gunicorn of the tests as the kernel sees it: its master and its workers."""

import os
from pathlib import Path

from tests import environment


def pids() -> tuple[int, frozenset[int]]:
    """(master, workers). A worker that died and was replaced shows as another number."""
    parents = _parents()
    bind_argument = f":{environment.WEB_PORT}\0".encode()
    (master,) = (pid for pid, parent in parents.items() if parent == os.getpid() and bind_argument in _words(pid))
    return master, frozenset(pid for pid, parent in parents.items() if parent == master)


def _parents() -> dict[int, int]:
    """The parent of every living process."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue  # it ended while we looked
        if state != "Z":
            parents[int(folder.name)] = int(parent)
    return parents


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
