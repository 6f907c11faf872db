"""The rows of scheduled work: a process leases a kind that is due, does it, and writes down what came of it."""

from imgapis.models import ScheduledTask

LATE_SECONDS = 300.0
WATCHED_SECONDS = 240.0
MOST_FAILURES = 5


def ready_at(row: ScheduledTask | None) -> float:
    """When a kind of work may begin, in seconds since 1970."""
    return max(float(row.due), float(row.leased_until)) if row else 0.0


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
