"""The rows of scheduled work: a process leases a kind that is due, does it, and writes down what came of it."""

import os
import socket

from imgapis.base import clock
from imgapis.rows.work import ScheduledTask

ANY_HOST = "*"
DONE = "done"
MARGIN_SECONDS = 30.0  # beyond its budget, before another process takes over
KEPT_SECONDS = 30 * clock.DAY
LATE_SECONDS = 300.0
WATCHED_SECONDS = 240.0
MOST_FAILURES = 5


def find(name: str, host: str) -> ScheduledTask | None:
    """The row of a kind of work; None where it was never done."""
    return ScheduledTask.find(name, host)


def ready_at(row: ScheduledTask | None) -> float:
    """When a kind of work may begin, in seconds since 1970."""
    return max(float(row.due), float(row.leased_until)) if row else 0.0


def lease(name: str, host: str, pause: float, budget: float) -> ScheduledTask | None:
    """The row of a kind of work that this process may do now; None where it is not due, or another process does it."""
    now, row = clock.now(), ScheduledTask(name, host)
    is_ready = (ScheduledTask.due <= now) & (ScheduledTask.leased_until <= now)
    is_leased = row.update_if(
        ScheduledTask.is_absent() | is_ready,
        [ScheduledTask.failures.set(ScheduledTask.failures | 0)],
        due=now,
        leased_until=now + budget + MARGIN_SECONDS,
        holder=f"{socket.gethostname()} {os.getpid()}",
        began=now,
        pause=round(pause),
        budget=round(budget),
        expires=clock.utc(int(now) + KEPT_SECONDS),
    )
    return row if is_leased else None


def finish(row: ScheduledTask, pause: float, milliseconds: float, outcome: str, count: int) -> None:
    """Write down what came of leased work, unless it took so long that another process has it."""
    now, is_done = clock.now(), outcome == DONE
    failures = ScheduledTask.failures.set(0) if is_done else ScheduledTask.failures.set(ScheduledTask.failures + 1)
    row.update_if(
        (ScheduledTask.began == row.began) & (ScheduledTask.holder == row.holder),
        [failures],
        due=now + pause,
        leased_until=0,
        finished=now,
        lasted=round(milliseconds),
        outcome=outcome,
        count=count,
    )


def of_host() -> list[ScheduledTask]:
    """The kinds of work that this host does, and those that any does."""
    hosts = (ANY_HOST, socket.gethostname())
    return [row for row in ScheduledTask.scan(consistent_read=True) if row.host in hosts]


def trouble(rows: list[ScheduledTask], now: float, watched: float) -> str:
    """What is wrong with scheduled work, as a sentence; empty where nothing is. What is late after less than
    WATCHED_SECONDS of looking may only have waited for this worker to start."""
    for row in rows:
        late = now - ready_at(row)
        if late > LATE_SECONDS and watched >= WATCHED_SECONDS:
            return f"The task {row.name} has been due for {late / 60:.0f} minutes, and no worker does it."
        if row.failures >= MOST_FAILURES:
            return f"The task {row.name} has failed {int(row.failures)} times in a row: {row.outcome}."
    return ""
