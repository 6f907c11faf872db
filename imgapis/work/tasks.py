"""What `manage.py work` does, and doing it: each kind of work in a thread of its own, so that none holds another up."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from pynamodb.exceptions import PynamoDBException

from imgapis.base import clock
from imgapis.models import scheduled_tasks
from imgapis.work import schedule
from telemetry import metrics

LONGEST_PAUSE = 5.0  # how long a thread waits before it looks whether another process has left its work
log = logging.getLogger("imgapis.work")


@dataclass(frozen=True)
class Task:
    """A kind of work: `act` is given its budget in seconds and may return how many rows it worked on; `pause` is the
    seconds between two times; `failed` is the event that a failure is logged as. A task that is `local` is done on
    every host, the others by one process of all at a time."""

    name: str
    act: Callable[[float], object]
    pause: float
    failed: str
    budget: float = 60.0
    local: bool = False
    # What could not be written down when DynamoDB did not answer, so that no lease outlives its work.
    _owed: list[Callable[[], None]] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def host(self) -> str:
        """The host that its row is about."""
        return socket.gethostname() if self.local else scheduled_tasks.ANY_HOST

    def run(self) -> float:
        """Do the work if it is due and no other process does it; returns after how many seconds to look again. After
        an error of any kind it is done again after its pause."""
        try:
            self._write_owed()
            row = scheduled_tasks.find(self.name, self.host)
            if (wait := schedule.ready_at(row) - clock.now()) > 0:
                return min(wait, LONGEST_PAUSE)
            row = scheduled_tasks.lease(self.name, self.host, self.pause, self.budget)
            if row is None:
                return min(self.pause, LONGEST_PAUSE)
            started = time.monotonic()
            outcome, count = self._act()
            lasted = time.monotonic() - started
            metrics.record_task(self.name, outcome == scheduled_tasks.DONE, lasted)
            self._owed.append(partial(scheduled_tasks.finish, row, self.pause, lasted * 1000, outcome, count))
            self._write_owed()
        except scheduled_tasks.LeaseUnknown as unknown:
            self._owed.append(partial(scheduled_tasks.release, unknown.row))
            log.warning("task_not_scheduled")
        except PynamoDBException:
            log.warning("task_not_scheduled")
        return min(self.pause, LONGEST_PAUSE)

    def _write_owed(self) -> None:
        """Write it now. Raises DynamoDB's error, and it is owed still."""
        while True:
            try:
                write = self._owed.pop()
            except IndexError:
                return
            try:
                write()
            except PynamoDBException:
                self._owed.append(write)
                raise

    def _act(self) -> tuple[str, int]:
        """What came of it: `done` or the name of an error, and how many rows it worked on."""
        try:
            result = self.act(self.budget)
        except (PynamoDBException, OSError) as error:
            log.warning(self.failed)
            return type(error).__name__, 0
        except Exception as error:  # one task's fault must not end the thread that tries it again
            log.exception(self.failed)
            return type(error).__name__, 0
        return scheduled_tasks.DONE, int(result) if isinstance(result, int) else 0


def start(tasks: Sequence[Task], stop: threading.Event) -> list[threading.Thread]:
    """Do every task again and again in a thread of its own, until `stop` is set."""

    def repeat(task: Task) -> None:
        pause = 0.0
        while not stop.wait(pause):
            pause = task.run()

    threads = [threading.Thread(target=repeat, args=(task,), name=task.name, daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    return threads
