"""Free events on their way: a file per process that survives `kill -9`, shipped in batches within seconds."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from telemetry.events import Happened

FULL_BYTES = 256_000_000


class Spool:
    """The open segment of one process. Not for several threads at once: the recorder holds a lock."""

    def __init__(self, directory: Path):
        self.directory = directory
        self.segment = None
        self.count = 0

    def append(self, happened: Happened) -> None:
        """Add an event; OSError where the disk is full."""
        if self.segment is None:
            self.segment = self._open()
        os.write(self.segment, json.dumps(asdict(happened)).encode() + b"\n")

    def close_segment(self) -> None:
        """End the segment, so that any shipper of the host may take it."""
        if self.segment is not None:
            os.close(self.segment)
            self.segment = None

    def _open(self) -> int:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.count += 1
        path = self.directory / f"{os.getpid()}-{os.urandom(6).hex()}-{self.count}.jsonl"
        segment = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return segment


def ship(directory: Path, write: Callable[[list[Happened]], None]) -> int:
    """Hand every closed segment to `write`, then remove it; returns how many events went. A segment that is still
    being written is locked by its process, and the lock ends with the process, however it dies."""
    shipped = 0
    for path in sorted(directory.glob("*.jsonl")):
        try:
            segment = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another shipper was first
        try:
            fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                happened = list(_read(path))
                write(happened)
                path.unlink()
                shipped += len(happened)
        except BlockingIOError:
            continue
        finally:
            os.close(segment)
    return shipped


def _read(path: Path) -> Iterator[Happened]:
    """The whole lines of a segment: a line cut by a crash was never counted as written."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        yield Happened(**json.loads(line))
