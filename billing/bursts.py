"""Bursts: billed work far above a workspace's habit, found in the sums alone: no URL is kept to find this out (P04)."""

from accounts import store as accounts_store
from billing import notices
from billing.credits import shown
from imgapis.base import clock
from telemetry import rollups, sums

DAY_SECONDS = 86_400
HABIT_DAYS = 14
SMALLEST = 200  # half-credits an hour: below this nothing is a burst
TIMES = 3
MOST_NAMED = 3


def look(workspace_id: str, hour: str) -> bool:
    """Tell a workspace, once a day, that an hour's billed work is a burst: as much in the hour as on the busiest of
    the last fourteen days, or three times that since midnight. Where there is no such day, a quarter of the month's
    credits in an hour. Returns whether it was told."""
    cells = [(origin, found) for _, origin, found in rollups.hours(workspace_id, hour, hour + "~")]
    billed = _cost(found for _, found in cells)
    row = accounts_store.workspace(workspace_id) if billed >= SMALLEST else None
    if row is None:
        return False
    day, start = hour[:10], clock.moment_of_hour(hour[:10] + "T00")
    by_day: dict[str, int] = {}
    for name, _, found in rollups.days(workspace_id, clock.day(start - HABIT_DAYS * DAY_SECONDS), day + "~"):
        by_day[name] = by_day.get(name, 0) + _cost([found])
    today = by_day.pop(day, 0)
    usual = max(by_day.values(), default=0)
    if not is_burst(billed, today, usual, int(row.allowance)):
        return False
    facts = {
        "hour": hour.replace("T", " ") + ":00 UTC", "billed": shown(billed), "today": shown(today),
        "busiest": shown(usual), "burning": _burning(cells, billed),
    }  # fmt: skip
    return notices.tell(workspace_id, f"{day} burst", "burst", facts)


def is_burst(billed: int, today: int, usual: int, allowance: int) -> bool:
    """Whether an hour's half-credits, today's, and the busiest day's make a burst."""
    if billed < SMALLEST:
        return False
    return billed >= usual or today >= TIMES * usual if usual else billed >= allowance // 4


def _burning(cells, billed: int) -> list[dict]:
    """Which Origins and operations burn the credits, the dearest first."""
    found: dict[tuple[str, str], int] = {}
    for origin, each in cells:
        for key, one in each.items():
            found[origin, key.operation] = found.get((origin, key.operation), 0) + one.cost
    dearest = sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMED]
    return [
        {"origin": origin or "no Origin", "operation": operation, "credits": shown(cost), "share": cost * 100 // billed}
        for (origin, operation), cost in dearest
        if cost
    ]


def _cost(parts) -> int:
    return sum(sums.total(found.items()).cost for found in parts)
