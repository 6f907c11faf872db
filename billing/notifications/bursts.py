"""Bursts: billed work far above a workspace's habit, detected in the sums alone: no URL is stored for it (P04)."""

from collections.abc import Iterable
from typing import Any

from accounts.models import workspaces
from billing.notifications import notifications
from imgapis.base import clock
from telemetry import rollups, sums
from telemetry.display import decimal_credits
from telemetry.sums import Cells

HABIT_DAYS = 14
SMALLEST = 200  # half-credits an hour: below this nothing is a burst
TIMES = 3
MOST_NAMED = 3


def check(workspace_id: str, hour: str) -> bool:
    """Write a notice, once a day, that an hour's billed work is a burst: as much in the hour as on the busiest of the
    last fourteen days, or three times that since midnight. Where there is no such day, a quarter of the month's credits
    in an hour. Returns whether the notice was written."""
    origin_cells = [(origin, cells) for _, origin, cells in rollups.hours(workspace_id, hour, hour + "~")]
    hour_cost = _cost(cells for _, cells in origin_cells)
    row = workspaces.find(workspace_id) if hour_cost >= SMALLEST else None
    if row is None:
        return False
    day, start = hour[:10], clock.moment_of_hour(hour[:10] + "T00")
    cost_by_day: dict[str, int] = {}
    for date, _, cells in rollups.days(workspace_id, clock.day(start - HABIT_DAYS * clock.DAY), day + "~"):
        cost_by_day[date] = cost_by_day.get(date, 0) + _cost([cells])
    today_cost = cost_by_day.pop(day, 0)
    busiest_cost = max(cost_by_day.values(), default=0)
    if not is_burst(hour_cost, today_cost, busiest_cost, int(row.allowance)):
        return False
    facts = {
        "hour": hour.replace("T", " ") + ":00 UTC",
        "billed": decimal_credits(hour_cost),
        "today": decimal_credits(today_cost),
        "busiest": decimal_credits(busiest_cost),
        "burning": _top_consumers(origin_cells, hour_cost),
    }
    return notifications.create(workspace_id, f"{day} burst", "burst", facts)


def is_burst(hour_cost: int, today_cost: int, busiest: int, allowance: int) -> bool:
    """Whether the half-credits of an hour, of today and of the busiest day make a burst; `allowance` is that of a
    month."""
    if hour_cost < SMALLEST:
        return False
    return hour_cost >= busiest or today_cost >= TIMES * busiest if busiest else hour_cost >= allowance // 4


def _top_consumers(origin_cells: Iterable[tuple[str, Cells]], total: int) -> list[dict[str, Any]]:
    """The Origins and operations that cost most, highest first; `total` is the hour's half-credits."""
    costs: dict[tuple[str, str], int] = {}
    for origin, cells in origin_cells:
        for key, cell in cells.items():
            costs[origin, key.operation] = costs.get((origin, key.operation), 0) + cell.cost
    highest = sorted(costs.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_NAMED]
    return [
        {
            "origin": origin or "no Origin",
            "operation": operation,
            "credits": decimal_credits(cost),
            "share": cost * 100 // total,
        }
        for (origin, operation), cost in highest
        if cost
    ]


def _cost(groups: Iterable[Cells]) -> int:
    return sum(sums.total(cells.items()).cost for cells in groups)
