"""Adding up: events to cells, cells to cells; whole numbers only, so that any order gives the same sum."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from telemetry import histogram
from telemetry.models import Event


@dataclass
class Sums:
    """Requests added up: `cost` in half-credits, `size` in bytes, `latencies` by bucket."""

    requests: int = 0
    cost: int = 0
    size: int = 0
    latencies: dict[int, int] = field(default_factory=dict)

    def add(self, other: "Sums") -> "Sums":
        """Add another sum to this one."""
        self.add_without_latencies(other)
        if not isinstance(self.latencies, defaultdict):
            self.latencies = defaultdict(int, self.latencies)  # a third faster than asking for what is there
        if not self.latencies:
            self.latencies.update(other.latencies)
            return self
        own_latencies = self.latencies
        for bucket, count in other.latencies.items():
            own_latencies[bucket] += count
        return self

    def add_without_latencies(self, other: "Sums") -> "Sums":
        """Add another sum to this one, its latencies left out: for comparisons, which show none."""
        self.requests += other.requests
        self.cost += other.cost
        self.size += other.size
        return self

    def percentile(self, share: float) -> float | None:
        """A percentile of the latency, in milliseconds, true within 2 %."""
        return histogram.percentile(self.latencies, share)


@dataclass(frozen=True)
class CellKey:
    """What a cell is about: exactly the fields of P04 that are no number, the Origin apart."""

    operation: str
    cache: str
    status: int


Cells = dict[CellKey, Sums]


def of_events(events: Iterable[Event]) -> dict[str, Cells]:
    """Events as cells by Origin."""
    cells_by_origin: dict[str, Cells] = {}
    for event in events:
        key = CellKey(event.operation, event.cache, int(event.status))
        cell = cells_by_origin.setdefault(event.origin or "", {}).setdefault(key, Sums())
        cell.add(Sums(1, int(event.cost), int(event.size), {histogram.bucket(float(event.latency)): 1}))
    return cells_by_origin


def merge(parts: Iterable[dict[Any, Sums]]) -> dict[Any, Sums]:
    """Cells of several hours as one, whatever they are by."""
    merged: dict[Any, Sums] = {}
    for cells in parts:
        for key, sums in cells.items():
            merged.setdefault(key, Sums()).add(sums)
    return merged


def pack(cells: Cells) -> list[list[Any]]:
    """Cells as they are stored; latencies as a flat list of bucket and count in turn, which is read fastest."""
    return [
        [
            key.operation,
            key.cache,
            key.status,
            sums.requests,
            sums.cost,
            sums.size,
            [number for pair in sorted(sums.latencies.items()) for number in pair],
        ]
        for key, sums in sorted(cells.items(), key=lambda cell: str(cell[0]))
    ]


def unpack(rows: list[list[Any]], latencies: bool = True) -> Cells:
    """Cells as they were packed; without their latencies where none are asked for."""
    return {
        CellKey(operation, cache, status): Sums(requests, cost, size, _latencies(buckets) if latencies else {})
        for operation, cache, status, requests, cost, size, buckets in rows
    }


def _latencies(values: list[Any]) -> dict[int, int]:
    """Rows from before the list was flat have pairs."""
    is_flat = not values or not isinstance(values[0], list)
    return dict(zip(values[::2], values[1::2], strict=True) if is_flat else values)


def total(cells: Iterable[tuple[Any, Sums]]) -> Sums:
    """Everything as one sum."""
    total_sums = Sums()
    for _, sums in cells:
        total_sums.add(sums)
    return total_sums


def group_by(cells: Iterable[tuple[Any, Sums]], key_of: Callable[[Any], Any]) -> Iterator[tuple[Any, Sums]]:
    """Cells grouped by what `key_of` returns for their key, the most requests first."""
    groups: dict[Any, Sums] = {}
    for key, sums in cells:
        groups.setdefault(key_of(key), Sums()).add(sums)
    return iter(sorted(groups.items(), key=lambda pair: (-pair[1].requests, str(pair[0]))))
