"""Hours, days and months added up from the event stream: whole, again and again, so that late events are no special
case. A month has rows once it is over; until then, and wherever its rows are missing, it is read by its days."""

import logging
import zlib
from collections.abc import Callable, Iterable, Iterator

from pynamodb.exceptions import PynamoDBException

from accounts.workspaces.entitlements import STARTING
from imgapis.base import clock, rounds, tokens
from telemetry import sums
from telemetry.models import DirtyHour, dirty_hours, events
from telemetry.models import rollups as rollup_rows
from telemetry.sums import Cells, Sums

HOUR_SECONDS = 3_600
SHARDS = 8
MOST_ORIGINS = 500
OTHERS = "other"
OVER_SECONDS = 3_600  # the clocks of our servers may differ, by less than this
LEASE_SECONDS = 60.0
RollupCells = tuple[str, str, Cells]
log = logging.getLogger("imgapis.rollups")


def mark_dirty(pairs: Iterable[tuple[str, str]]) -> None:
    """Mark (workspace, hour) pairs whose events changed; to be called after the events are written, so that none is
    missed."""
    now = clock.now()
    for workspace_id, hour in set(pairs):
        place = f"{workspace_id} {hour}"
        row = DirtyHour(_shard(place), place)
        dirty_hours.mark(row, tokens.random_id("d"), now)


def process_due(limit: int = 1_600, added_up: Callable[[str, str], None] | None = None, seconds: float = 60.0) -> int:
    """Add up the hours that are due, those that have waited longest first, `limit` at most and for as many seconds;
    returns how many. Any number of workers may do this at once. `added_up` is called with each (workspace, hour) while
    it is still marked: if it raises, the hour is worked on again. What fails for one workspace does not stop the
    others."""
    budget, count = rounds.Budget(seconds), 0
    due_rows = sorted(dirty_hours.of_shards(SHARDS, clock.now()), key=lambda row: row.due)[:limit]
    for row in budget.within(due_rows):
        try:
            count += _process(row, added_up)
        except (PynamoDBException, OSError):
            log.warning("hour_not_added_up")  # it is due again when its lease has ended
        except Exception:  # whatever it is, the other hours are added up
            log.exception("hour_not_added_up")
    return count


def oldest_mark() -> float | None:
    """Since when the hour that has waited longest is not added up, in seconds since 1970, whether it is due, rests or
    failed and is tried again; None where none waits."""
    return min(
        (float(row.due if row.marked is None else row.marked) for row in dirty_hours.of_shards(SHARDS)), default=None
    )


def _process(row: DirtyHour, added_up: Callable[[str, str], None] | None) -> bool:
    now = clock.now()
    if not dirty_hours.lease(row, now + LEASE_SECONDS):
        return False
    stamp = row.stamp  # as it was when the lease was taken
    workspace_id, _, hour = row.place.partition(" ")
    rebuild_hour(workspace_id, hour)
    if added_up:
        added_up(workspace_id, hour)
    if not dirty_hours.delete(row, stamp):
        # Marked again meanwhile. What took long to add up rests ten times as long.
        delay = min(300.0, 10 * (clock.now() - now))
        dirty_hours.postpone(row, clock.now() + delay, clock.now())
    return True


def rebuild_hour(workspace_id: str, hour: str) -> None:
    """Add up an hour from its events, its day from its hours, and its month, once that is over, from its days. An hour
    whose events may have ended stays as it is."""
    start = clock.moment_of_hour(hour)
    if start < retention_start():
        return
    cells_by_origin = _bounded(sums.of_events(events.between(workspace_id, start, start + HOUR_SECONDS)))
    _replace(workspace_id, f"h {hour}", cells_by_origin)
    day = hour[:10]
    _replace(workspace_id, f"d {day}", _merged(hours(workspace_id, f"{day}T00", f"{day}T24")))
    if month_has_ended(clock.month(start)):
        rebuild_month(workspace_id, clock.month(start))


def rebuild_month(workspace_id: str, month: str) -> None:
    """Add up a month from its days; again, where a day changed meanwhile."""
    previous = None
    while (cells_by_origin := _merged(days(workspace_id, month, f"{month}~"))) != previous:
        _replace(workspace_id, f"m {month}", cells_by_origin)
        previous = cells_by_origin


def month_has_ended(month: str) -> bool:
    """Whether a month has ended by every clock, so that it is added up as one."""
    return month < clock.month(clock.now() - OVER_SECONDS)


def month_sums(workspace_id: str, month: str) -> tuple[Sums | None, Sums]:
    """The sum of a month's own rows, None where it has none; and the sum of its days."""
    rows = list(months(workspace_id, month, f"{month}~"))
    by_days = days(workspace_id, month, f"{month}~")
    return _total(rows) if rows else None, _total(by_days)


def retention_start() -> float:
    """From when on every plan keeps single events, in seconds since 1970: only those hours can be added up again."""
    return clock.now() - min_retention_days() * clock.DAY


def min_retention_days() -> int:
    """For how many whole days every plan keeps single events."""
    return STARTING.retention_days - 1


def hours(workspace_id: str, first: str, end: str, *, latencies: bool = True) -> Iterator[RollupCells]:
    """(hour, Origin, cells) from hour `first` up to `end`, oldest first; without latencies where none are asked for."""
    return _read(workspace_id, f"h {first}", f"h {end}", latencies)


def days(workspace_id: str, first: str, end: str, *, latencies: bool = True) -> Iterator[RollupCells]:
    """(day, Origin, cells) from day `first` up to `end`, as hours are."""
    return _read(workspace_id, f"d {first}", f"d {end}", latencies)


def months(workspace_id: str, first: str, end: str, *, latencies: bool = True) -> Iterator[RollupCells]:
    """(month, Origin, cells) of the months that have rows, from `first` up to `end`, as hours are."""
    return _read(workspace_id, f"m {first}", f"m {end}", latencies)


def _read(workspace_id: str, first: str, end: str, latencies: bool) -> Iterator[RollupCells]:
    for row in rollup_rows.between(workspace_id, first, end):
        _, name, origin = row.span.split(" ", 2)
        yield name, origin, sums.unpack(row.cells, latencies)


def _merged(rows: Iterable[RollupCells]) -> dict[str, Cells]:
    """Rows as one span: cells by Origin."""
    parts_by_origin: dict[str, list[Cells]] = {}
    for _, origin, cells in rows:
        parts_by_origin.setdefault(origin, []).append(cells)
    return _bounded({origin: sums.merge(parts) for origin, parts in parts_by_origin.items()})


def _total(rows: Iterable[RollupCells]) -> Sums:
    return sums.total(cell for _, _, cells in rows for cell in cells.items())


def _replace(workspace_id: str, span: str, cells_by_origin: dict[str, Cells]) -> None:
    packed_by_name = {f"{span} {origin}": sums.pack(packed) for origin, packed in cells_by_origin.items()}
    rollup_rows.replace(workspace_id, span, packed_by_name)


def _bounded(by_origin: dict[str, Cells]) -> dict[str, Cells]:
    """At most 500 Origins apart, the busiest; the rest is `other`."""
    if len(by_origin) <= MOST_ORIGINS:
        return by_origin
    origins = sorted(by_origin, key=lambda origin: (-sums.total(by_origin[origin].items()).requests, origin))
    top = {origin: by_origin[origin] for origin in origins[:MOST_ORIGINS]}
    top[OTHERS] = sums.merge([by_origin[origin] for origin in origins[MOST_ORIGINS:]] + [top.get(OTHERS, {})])
    return top


def _shard(place: str) -> str:
    return str(zlib.crc32(place.encode()) % SHARDS)
