"""What the usage pages, the downloads and the REST API say: the rollups of a range, and nothing that is not in them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from imgapis.base import clock
from imgapis.base.errors import ApiError
from telemetry import display, rollups, sums
from telemetry.events import CacheStatus
from telemetry.sums import CellKey, Sums

RANGES = {
    "24h": ("Last 24 hours", "hour", 24),
    "7d": ("Last 7 days", "day", 7),
    "30d": ("Last 30 days", "day", 30),
    "90d": ("Last 90 days", "day", 90),
    "1y": ("Last 12 months", "month", 12),
}
COLUMNS = (
    "operation",
    "cache",
    "status",
    "origin",
    "requests",
    "bytes",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "credits",
)
STEPS = {"hour": 3_600, "day": clock.DAY}
NAMES = {"hour": clock.hour, "day": clock.day}


class InvalidRange(ApiError):
    """The range is none of those offered."""

    code = "invalid_range"


@dataclass(frozen=True)
class Range:
    """Steps of an hour, a day or a month: `starts` are their names, oldest first, the current one last. `before` are
    those of the range before; `ended` is the hour or day that ends it: a year before ends in the middle of a month."""

    name: str
    title: str
    step: str
    starts: tuple[str, ...]
    before: tuple[str, ...]
    ended: str


@dataclass(frozen=True)
class Report:
    """A range added up: the whole, the range before it (without latencies), each step, and every cell by (Origin,
    key)."""

    range: Range
    total: Sums
    before: Sums
    steps: list[tuple[str, Sums]]
    cells: list[tuple[tuple[str, CellKey], Sums]]

    def by(self, name: str) -> list[tuple[Any, Sums]]:
        """The cells by `operation`, `cache`, `status` or `origin`."""
        return list(sums.group_by(self.cells, lambda key: key[0] if name == "origin" else getattr(key[1], name)))

    @property
    def hit_ratio(self) -> float | None:
        """Hits among the requests answered with a picture (status below 400); None without any."""
        successes = [(key, cell) for key, cell in self.cells if key[1].status < 400]
        hits = sum(cell.requests for key, cell in successes if key[1].cache == CacheStatus.HIT.recorded)
        total = sum(cell.requests for _, cell in successes)
        return hits / total if total else None


def time_range(name: str, now: float) -> Range:
    """A range by its name. Raises InvalidRange."""
    if name not in RANGES:
        raise InvalidRange(f"The range is one of {', '.join(RANGES)}.", param="range")
    title, step, count = RANGES[name]
    if step == "month":
        names = [clock.month(clock.months_after(now, -offset)) for offset in range(2 * count - 1, -1, -1)]
        end = clock.day(clock.months_after(now, -count))
    else:
        names = [NAMES[step](now - STEPS[step] * offset) for offset in range(2 * count - 1, -1, -1)]
        end = names[count - 1]
    return Range(name, title, step, tuple(names[count:]), tuple(names[:count]), end)


def build(workspace_id: str, date_range: Range) -> Report:
    """The report of a range: a few queries of rollups, whatever the number of requests."""
    with ThreadPoolExecutor(1) as executor:  # while one thread waits for the store the other adds up
        before_future = executor.submit(_before, workspace_id, date_range)
        by_step: dict[str, dict[tuple[str, CellKey], Sums]] = {start: {} for start in date_range.starts}
        for start, origin, cells in _rows(workspace_id, date_range):
            step_cells = by_step[start]
            for key, cell in cells.items():
                cell_key = (origin, key)
                if cell_key in step_cells:
                    step_cells[cell_key].add(cell)
                else:
                    step_cells[cell_key] = cell
        steps = [(start, sums.total(step_cells.items())) for start, step_cells in by_step.items()]
        merged = sums.merge(by_step.values())
        return Report(date_range, sums.total(steps), before_future.result(), steps, list(merged.items()))


def _rows(workspace_id: str, date_range: Range) -> Iterator[rollups.RollupCells]:
    """The rows of a range, each under the name of its step. "~" sorts behind every name that begins so."""
    first, last = date_range.starts[0], date_range.starts[-1]
    if date_range.step == "hour":
        return rollups.hours(workspace_id, first, f"{last}~")
    if date_range.step == "day":
        return rollups.days(workspace_id, first, f"{last}~")
    rows = _days_or_months(workspace_id, f"{first}-01", f"{last}-31")
    return ((name[:7], origin, cells) for name, origin, cells in rows)


def _before(workspace_id: str, date_range: Range) -> Sums:
    """The range before as one sum, without latencies."""
    if date_range.step == "hour":
        rows = rollups.hours(workspace_id, date_range.before[0], f"{date_range.ended}~", latencies=False)
    else:
        first = f"{date_range.before[0]}-01" if date_range.step == "month" else date_range.before[0]
        rows = _days_or_months(workspace_id, first, date_range.ended, latencies=False)
    total = Sums()
    for _, _, cells in rows:
        for cell in cells.values():
            total.add_without_latencies(cell)
    return total


def _days_or_months(
    workspace_id: str, first: str, last: str, *, latencies: bool = True
) -> Iterator[rollups.RollupCells]:
    """The rows of the days from `first` up to `last`, both in: whole months by rows of their own where they have any,
    the rest day by day."""
    lower = first[:7] if first.endswith("-01") else f"{first[:7]}~"
    # The month of `last` is taken for one that is not whole.
    rows = list(rollups.months(workspace_id, lower, last[:7], latencies=latencies)) if lower < last[:7] else []
    yield from rows
    for start, end in _gaps(first, last, sorted({month for month, _, _ in rows})):
        yield from rollups.days(workspace_id, start, end, latencies=latencies)


def _gaps(first: str, last: str, months: list[str]) -> Iterator[tuple[str, str]]:
    """The days from `first` up to `last` that are not in `months`, as ranges, oldest first."""
    start = first
    for month in months:
        if start < month:
            yield start, month
        start = clock.month(clock.period_end(month))
    yield start, f"{last}~"


def table(report: Report) -> Iterator[dict[str, Any]]:
    """Every cell as a flat row of COLUMNS, for CSV and JSON; credits are decimal strings, times milliseconds."""
    for (origin, key), cell in sorted(report.cells, key=lambda pair: (pair[0][0], str(pair[0][1]))):
        values = (
            key.operation,
            key.cache,
            key.status,
            origin,
            cell.requests,
            cell.size,
            cell.percentile(0.5),
            cell.percentile(0.95),
            cell.percentile(0.99),
            display.decimal_credits(cell.cost),
        )
        yield dict(zip(COLUMNS, values, strict=True))
