"""The one clock: what time it is, and the names of hours and periods."""

import calendar
import time
from datetime import UTC, datetime

DAY = 86_400  # seconds


def now() -> float:
    """Seconds since 1970, UTC."""
    return time.time()


def monotonic() -> float:
    """Seconds of the monotonic clock: for durations within a process, which a change of the system clock must not
    affect."""
    return time.monotonic()


def utc(moment: float) -> datetime:
    """A moment as a datetime in UTC, as DynamoDB's expiry attributes take it."""
    return datetime.fromtimestamp(moment, UTC)


def period_start(moment: float) -> str:
    """The free period that holds `moment`: the first of its month, as `2026-11-01T00Z`."""
    return utc(moment).strftime("%Y-%m-01T00Z")


def period_end(start: str) -> float:
    """When a free period that starts at `start` ends, in seconds since 1970."""
    year, month = int(start[:4]), int(start[5:7])
    next_month = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return next_month.timestamp()


def moment_of_period(start: str) -> float:
    """When a period named `2026-11-01T00Z` starts, in seconds since 1970."""
    return datetime.strptime(start, "%Y-%m-%dT%HZ").replace(tzinfo=UTC).timestamp()


def period_name(moment: float) -> str:
    """The name of a period that starts in the hour of `moment`, `2026-11-14T09Z`."""
    return utc(moment).strftime("%Y-%m-%dT%HZ")


def months_after(moment: float, months: int) -> float:
    """The same day and time some months later, on the last day where the month is shorter."""
    start = utc(moment)
    month_index = start.year * 12 + start.month - 1 + months
    year, month = divmod(month_index, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    return start.replace(year=year, month=month + 1, day=min(start.day, last_day)).timestamp()


def day(moment: float) -> str:
    """The UTC day of a moment, `2026-11-24`."""
    return utc(moment).strftime("%Y-%m-%d")


def month(moment: float) -> str:
    """The UTC month of a moment, `2026-11`."""
    return day(moment)[:7]


def stamp(moment: float) -> str:
    """A moment for people, to the minute: `2026-11-24 09:30 UTC`."""
    return utc(moment).strftime("%Y-%m-%d %H:%M UTC")


def hour(moment: float) -> str:
    """The UTC hour of a moment, `2026-11-24T09`."""
    return utc(moment).strftime("%Y-%m-%dT%H")


def moment_of_hour(name: str) -> float:
    """When an hour named `2026-11-24T09` starts, in seconds since 1970."""
    return datetime.strptime(name, "%Y-%m-%dT%H").replace(tzinfo=UTC).timestamp()


def stamp_exact(moment: float) -> str:
    """A moment for people, to the second: `2026-11-24 09:30:05 UTC`."""
    return utc(moment).strftime("%Y-%m-%d %H:%M:%S UTC")
