"""Recording free image requests: into the spool at once, to DynamoDB within ten seconds."""

import logging
import random
import threading
from pathlib import Path

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import entitlements
from imgapis.base import clock, rounds, tokens
from telemetry import events, front_spool, metrics, rollups, spool
from telemetry.events import RequestEvent

SHIP_SECONDS = 2.0
MOST_HELD = 5_000
MOST_FAILED = 5
LATEST_SECONDS = 48 * 3_600  # a later free event is dropped and counted: its hour is long added up
log = logging.getLogger("imgapis.recorder")


def directory() -> Path:
    """Where the spool's segments lie."""
    return settings.VAR_DIR / "spool"


class Recorder:
    """The recorder of one process; its shipping thread starts with the first event."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spool = spool.Spool(directory())
        self._thread: threading.Thread | None = None
        self._held: list[RequestEvent] = []

    def record(self, event: RequestEvent) -> None:
        """Record a free request, or the mark of a charged one, whose event is stored already. What a full disk does not
        take is held in memory, up to a bound; beyond it a free event is lost and counted. Never raises for a full
        disk."""
        with self._lock:
            is_stored = self._keep(event)
            if not event.cost:
                (metrics.counts().recorded if is_stored else metrics.counts().lost).inc()
            if self._thread is None:
                self._thread = threading.Thread(target=self._ship_forever, name="recorder", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """End the open segment and ship what is there, what is held in memory first."""
        with self._lock:
            self._spool.close_segment()
            held_events, self._held = self._held, []
        try:
            if held_events:
                held_events = _write_existing(held_events)
        finally:
            with self._lock:
                self._held[:0] = held_events
        ship()

    def _keep(self, event: RequestEvent) -> bool:
        """Whether the spool or the memory took it."""
        try:
            self._spool.append(event)
        except OSError:
            if len(self._held) >= MOST_HELD:
                return False
            self._held.append(event)
            metrics.counts().held.inc()
        return True

    def _ship_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(SHIP_SECONDS):
            try:
                self.flush()
            except Exception:  # whatever it is, the thread goes on: the next round tries the same segments
                log.exception("events_not_shipped")


def ship(seconds: float = rounds.UNLIMITED) -> int:
    """Ship the closed segments of this host, for as many seconds; returns the number of events. What the proxy in front
    has written becomes segments of its own before, in half of the time; where that fails, ours go all the same."""
    lost = metrics.counts().lost.inc
    if not settings.NGINX_SPOOL:
        return spool.ship(directory(), _write_existing, lost, seconds)
    try:
        front_spool.take(Path(settings.NGINX_SPOOL), _store_of_front, lost, seconds / 2)
    finally:
        count = spool.ship(directory(), _write_existing, lost, seconds / 2)
    return count


def _store_of_front(batch: list[RequestEvent]) -> None:
    """Keep events of the proxy's as a segment, and count their answers as ours. Raises OSError."""
    spool.keep(directory(), batch)
    for event in batch:
        metrics.record_response(event, charged=False)
    metrics.counts().recorded.inc(len(batch))


def _write_existing(batch: list[RequestEvent]) -> list[RequestEvent]:
    """Write the free events of workspaces that still exist: nothing re-creates rows after an erasure (D8). Then mark
    the hours of all of them; a charged one was written by its charge and is in the spool for its mark alone.

    Returns the events of workspaces for which DynamoDB had no capacity just then. Raises its error where none went."""
    oldest = clock.now() - LATEST_SECONDS
    timely_events = [event for event in batch if tokens.moment_of(event.event_id) >= oldest]
    if len(timely_events) < len(batch):
        log.warning("events_too_late", extra={"count": len(batch) - len(timely_events)})
        metrics.counts().late.inc(len(batch) - len(timely_events))
    try:
        _write(timely_events)
    except PynamoDBException:
        rest = _write_apart(timely_events)
        if len(rest) == len(timely_events):
            raise
        return rest
    return []


def _write_apart(batch: list[RequestEvent]) -> list[RequestEvent]:
    """Write workspace by workspace, so that a busy one holds up no other; returns the events that did not go. In no
    order, and after some failures in a row no more are tried: then it is not a workspace that is busy."""
    events_by_workspace: dict[str, list[RequestEvent]] = {}
    for event in batch:
        events_by_workspace.setdefault(event.workspace_id, []).append(event)
    if len(events_by_workspace) == 1:
        return batch
    rest, failed_count = [], 0
    for workspace_events in random.sample(list(events_by_workspace.values()), len(events_by_workspace)):
        try:
            if failed_count < MOST_FAILED:
                _write(workspace_events)
                failed_count = 0
                continue
        except PynamoDBException:
            failed_count += 1
        log.warning("events_not_shipped", extra={"count": len(workspace_events)})
        rest += workspace_events
    return rest


def _write(batch: list[RequestEvent]) -> None:
    """Write and mark events; an event that is written twice is one."""
    workspaces = {
        workspace_id: workspace_rows.find(workspace_id) for workspace_id in {event.workspace_id for event in batch}
    }
    days = {
        workspace_id: entitlements.of(row).retention_days for workspace_id, row in workspaces.items() if row is not None
    }
    living_events = [event for event in batch if event.workspace_id in days]
    events.write((event for event in living_events if not event.cost), days)
    rollups.mark_dirty((event.workspace_id, clock.hour(tokens.moment_of(event.event_id))) for event in living_events)


_recorder: list[Recorder] = []
_making = threading.Lock()


def current() -> Recorder:
    """The recorder of this process."""
    if not _recorder:
        with _making:
            if not _recorder:
                _recorder.append(Recorder())
    return _recorder[0]
