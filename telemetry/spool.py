"""Free events on their way: a file per process that survives `kill -9`, shipped in batches within seconds."""

import errno
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import get_type_hints

from imgapis.base import rounds, tokens
from telemetry.events import RequestEvent

FULL_BYTES = 256_000_000


KINDS: dict[str, type] = get_type_hints(RequestEvent)


class SpoolFull(OSError):
    """The spool of this host holds as much as it may; what is there is kept, and no more is taken."""


class Spool:
    """The open segment of one process. Not for several threads at once: the recorder holds a lock."""

    def __init__(self, directory: Path, most: int = FULL_BYTES):
        self.directory, self.most = directory, most
        self.segment: int | None = None
        self.count = 0

    def append(self, event: RequestEvent) -> None:
        """Add an event; OSError where the disk is full, SpoolFull where the spool is."""
        segment = self.segment
        if segment is None:
            segment = self.segment = self._open()
        line = _line(event)
        if os.write(segment, line) < len(line):
            self.close_segment()  # the next event begins a file of its own
            raise OSError(errno.ENOSPC, "The line was cut off.")  # what is cut off is never read as an event

    def close_segment(self) -> None:
        """End the segment, so that any shipper of the host may take it."""
        if self.segment is not None:
            os.close(self.segment)
            self.segment = None

    def _open(self) -> int:
        self.directory.mkdir(parents=True, exist_ok=True)
        if sum(_size(path) for path in self.directory.glob("*.jsonl")) >= self.most:
            raise SpoolFull
        self.count += 1
        path = self.directory / f"{os.getpid()}-{os.urandom(6).hex()}-{self.count}.jsonl"
        segment = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return segment


def ship(
    directory: Path,
    write: Callable[[list[RequestEvent]], list[RequestEvent] | None],
    on_error: Callable[[], None] = lambda: None,
    seconds: float = rounds.UNLIMITED,
) -> int:
    """Hand every closed segment to `write`, then remove it; returns how many events went. A segment that is still
    being written is locked by its process, and the lock ends with the process, however it dies. `on_error` is called
    for each line that is no event: the line is dropped, so that it never blocks the others.

    `write` returns the events that it could not write: they stay, in a segment of their own. Where it raises, the
    segment stays as it is, and the error is raised once every other segment has had its turn. After `seconds` the rest
    is left to the next time; a segment that did not go is behind the others then."""
    budget, count, failure = rounds.Budget(seconds), 0, None
    for path in budget.within(sorted(directory.glob("*.jsonl"), key=_age)):
        try:
            segment = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another shipper was first
        try:
            fcntl.flock(segment, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists():
                events = list(_read(path, on_error))
                rest = write(events) or []
                if rest:
                    keep(directory, rest)
                path.unlink()
                count += len(events) - len(rest)
        except BlockingIOError:
            continue
        except Exception as error:  # one segment that does not go holds up no other
            failure = failure or error
            os.utime(path)
        finally:
            os.close(segment)
    if failure is not None:
        raise failure
    return count


def keep(directory: Path, events: list[RequestEvent]) -> None:
    """Write a segment of events that have to wait."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{os.getpid()}-{os.urandom(6).hex()}-rest"
    path.write_bytes(b"".join(_line(event) for event in events))
    os.replace(path, path.with_suffix(".jsonl"))  # whole, or not there: a shipper takes what it finds


def _line(event: RequestEvent) -> bytes:
    return json.dumps(asdict(event)).encode() + b"\n"


def _read(path: Path, on_error: Callable[[], None]) -> Iterator[RequestEvent]:
    """The whole lines of a segment: a line cut by a crash was never counted as written. Fields that this version does
    not know are left out, so that a segment outlives a change of version."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            values = {name: value for name, value in json.loads(line).items() if name in KINDS}
            event = RequestEvent(**values)
            tokens.moment_of(event.event_id)
            if not all(isinstance(getattr(event, name), kind) for name, kind in KINDS.items()):
                raise ValueError
        except Exception:  # whatever is wrong with a line, it must not keep the others from going
            on_error()
            continue
        yield event


def _age(path: Path) -> float:
    """When a segment was last written or tried, in seconds since 1970."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0  # shipped meanwhile


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0  # shipped meanwhile
