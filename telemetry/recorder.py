"""Recording free image requests: into the spool at once, to DynamoDB within ten seconds."""

import logging
import threading
from pathlib import Path

from django.conf import settings
from pynamodb.exceptions import PynamoDBException

from accounts import store as accounts_store
from telemetry import spool, store
from telemetry.events import Happened

SHIP_SECONDS = 2.0
log = logging.getLogger("imgapis.recorder")


def directory() -> Path:
    """Where the spool's segments lie."""
    return settings.VAR_DIR / "spool"


class Recorder:
    """The recorder of one process; its shipping thread starts with the first event."""

    def __init__(self):
        self._lock = threading.Lock()
        self._spool = spool.Spool(directory())
        self._thread: threading.Thread | None = None
        self.lost = 0

    def record(self, happened: Happened) -> None:
        """Record a free request. A full disk loses the event, counts it, and never fails the answer."""
        with self._lock:
            try:
                self._spool.append(happened)
            except OSError:
                self.lost += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._ship_forever, name="recorder", daemon=True)
                self._thread.start()

    def flush(self) -> None:
        """End the open segment and ship what is there."""
        with self._lock:
            self._spool.close_segment()
        ship()

    def _ship_forever(self) -> None:
        pause = threading.Event()
        while not pause.wait(SHIP_SECONDS):
            try:
                self.flush()
            except (PynamoDBException, OSError):
                log.warning("events_not_shipped")


def ship() -> int:
    """Ship every closed segment of this host; returns the number of events."""
    return spool.ship(directory(), _write_living)


def _write_living(batch: list[Happened]) -> None:
    """Write the events of workspaces that still exist: nothing re-creates rows after an erasure (D8)."""
    living = {name for name in {event.workspace_id for event in batch} if accounts_store.workspace(name)}
    store.write(event for event in batch if event.workspace_id in living)


_recorder: list[Recorder] = []
_making = threading.Lock()


def current() -> Recorder:
    """The recorder of this process."""
    if not _recorder:
        with _making:
            if not _recorder:
                _recorder.append(Recorder())
    return _recorder[0]
