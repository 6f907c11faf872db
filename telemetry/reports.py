"""What the usage pages, the downloads and the REST API say: the rollups of a range, and nothing that is not in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from imgapis.base import clock
from imgapis.base.errors import Refusal
from telemetry import rollups, sums
from telemetry.sums import Cells, Key, Sums

DAY_SECONDS = 86_400
RANGES = {"24h": ("Last 24 hours", "hour", 24), "7d": ("Last 7 days", "day", 7), "30d": ("Last 30 days", "day", 30),
          "90d": ("Last 90 days", "day", 90), "1y": ("Last year", "day", 365)}  # fmt: skip
STEPS = {"hour": 3_600, "day": DAY_SECONDS}
NAMES = {"hour": clock.hour, "day": clock.day}


class InvalidRange(Refusal):
    """The range is none of those offered."""

    code = "invalid_range"


@dataclass(frozen=True)
class Range:
    """Steps of an hour or a day: `starts` are their names, oldest first, the current one last."""

    name: str
    title: str
    step: str
    starts: tuple[str, ...]
    before: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """A range added up: the whole, the range before it, each step, and every cell by (Origin,
    key). Latencies stand in the whole and in the cells alone."""

    range: Range
    total: Sums
    before: Sums
    steps: list[tuple[str, Sums]]
    cells: list[tuple[tuple[str, Key], Sums]]

    def by(self, name: str) -> list[tuple[Any, Sums]]:
        """The cells by `operation`, `cache`, `status` or `origin`."""
        return list(sums.by(self.cells, lambda key: key[0] if name == "origin" else getattr(key[1], name)))

    @property
    def hit_ratio(self) -> float | None:
        """Hits among the requests answered with a picture (status below 400); None without any."""
        good = [(key, found) for key, found in self.cells if key[1].status < 400]
        hits = sum(found.requests for key, found in good if key[1].cache == "hit")
        every = sum(found.requests for _, found in good)
        return hits / every if every else None


def span(name: str, now: float) -> Range:
    """A range by its name. Raises InvalidRange."""
    if name not in RANGES:
        raise InvalidRange(f"The range is one of {', '.join(RANGES)}.", param="range")
    title, step, count = RANGES[name]
    length, written = STEPS[step], NAMES[step]
    starts = [written(now - length * back) for back in range(count - 1, -1, -1)]
    before = [written(now - length * back) for back in range(2 * count - 1, count - 1, -1)]
    return Range(name, title, step, tuple(starts), tuple(before))


def make(workspace_id: str, wanted: Range) -> Report:
    """The report of a range: two queries of rollups, whatever the number of requests."""
    rows = list(_rows(workspace_id, wanted, wanted.starts))
    steps = {start: Sums() for start in wanted.starts}
    cells: dict[tuple[str, Key], Sums] = {}
    for start, origin, found in rows:
        for key, part in found.items():
            steps[start].add_numbers(part)
            cells.setdefault((origin, key), Sums()).add(part)
    before = Sums()
    for _, _, found in _rows(workspace_id, wanted, wanted.before):
        for part in found.values():
            before.add_numbers(part)
    return Report(wanted, sums.total(cells.items()), before, list(steps.items()), list(cells.items()))


def _rows(workspace_id: str, wanted: Range, starts: tuple[str, ...]) -> Iterator[tuple[str, str, Cells]]:
    read = rollups.hours if wanted.step == "hour" else rollups.days
    return read(workspace_id, starts[0], starts[-1] + "~")  # "~" sorts behind every name that begins so


def table(report: Report) -> Iterator[dict[str, Any]]:
    """Every cell as a flat row, for CSV and JSON; credits as decimals are the caller's affair."""
    for (origin, key), found in sorted(report.cells, key=lambda cell: (cell[0][0], str(cell[0][1]))):
        yield {
            "operation": key.operation, "cache": key.cache, "status": key.status, "origin": origin,
            "requests": found.requests, "half_credits": found.cost, "bytes": found.size,
            "p50_ms": found.percentile(0.5), "p95_ms": found.percentile(0.95), "p99_ms": found.percentile(0.99),
        }  # fmt: skip
