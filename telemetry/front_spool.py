"""Hits that the proxy in front answered from its own cache: a file a second that it writes, taken into our spool."""

import fcntl
import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imgapis.base import clock, rounds, tokens
from telemetry import events
from telemetry.events import CacheStatus, RequestEvent

SETTLED_SECONDS = 2.0  # after a file's last line: its second is over, and so is whatever was being written
FULL_BYTES = 128_000_000
OPERATIONS = frozenset(("transform", "info", "grid", "placeholder"))
RANDOM = re.compile(r"[0-9a-f]{32}\Z")


def size(directory: Path) -> int:
    """Bytes that wait; 0 where there is no such directory."""
    return sum(entry.st_size for entry in _entries(directory))


def oldest(directory: Path) -> float | None:
    """Since when the oldest of them wait, in seconds since 1970; None where none do."""
    return min((entry.st_mtime for entry in _entries(directory)), default=None)


def take(
    directory: Path,
    store: Callable[[list[RequestEvent]], None],
    on_error: Callable[[], None] = lambda: None,
    seconds: float = rounds.UNLIMITED,
) -> int:
    """Hand the events of every settled file to `store`, then remove the file; returns how many went. An event's id is
    made of its line alone, so that a file that is taken twice, after a crash, has each event once. `on_error` is called
    for each line that is no event. A file that does not go holds up no other: its error is raised at the end."""
    count, newest, failure = 0, clock.now() - SETTLED_SECONDS, None
    for path in rounds.Budget(seconds).within(sorted(directory.glob("*.jsonl"))):
        try:
            count += _take_one(path, store, on_error, newest)
        except Exception as error:
            failure = failure or error
    if failure is not None:
        raise failure
    return count


def _take_one(
    path: Path, store: Callable[[list[RequestEvent]], None], on_error: Callable[[], None], newest: float
) -> int:
    with _locked(path) as is_ours:
        if not is_ours or path.stat().st_mtime >= newest:
            return 0
        batch = list(_read(path, on_error))
        store(batch)
        path.unlink()
        return len(batch)


def _entries(directory: Path) -> Iterator[os.stat_result]:
    for path in directory.glob("*.jsonl"):
        with suppress(FileNotFoundError):  # taken meanwhile
            yield path.stat()


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Whether this process alone has the file, and it is still there."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        yield _lock(descriptor) and path.exists()
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(path: Path, on_error: Callable[[], None]) -> Iterator[RequestEvent]:
    """The events of a file; a line without an end was cut off and was none."""
    for line in path.read_bytes().split(b"\n")[:-1]:
        try:
            yield _event(json.loads(line))
        except Exception:  # whatever is wrong with a line, it must not keep the others from going
            on_error()


def _event(values: dict[str, object]) -> RequestEvent:
    """The event of a line: `moment` and `latency` are seconds as texts, `id` is 128 random bits in hex. Raises
    ValueError and others."""
    operation, random_bits = str(values["operation"]), str(values["id"])
    if operation not in OPERATIONS or not RANDOM.match(random_bits) or not values["workspace_id"]:
        raise ValueError
    return RequestEvent(
        workspace_id=str(values["workspace_id"]),
        event_id=tokens.time_ordered_id(float(str(values["moment"])), int(random_bits, 16)),
        operation=operation,
        cache=CacheStatus.HIT.recorded,
        origin=events.normalized_origin(str(values["origin"])),
        status=int(str(values["status"])),
        size=int(str(values["size"])),
        latency=int(float(str(values["latency"])) * 1_000),
        cost=0,
    )
