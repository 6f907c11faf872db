"""Hours and days added up from the event stream: whole, again and again, so that late events are no special case."""

import zlib
from collections.abc import Callable, Iterable, Iterator

from pynamodb.exceptions import DeleteError

from accounts.limits import STARTING
from imgapis.base import clock, dynamo, tokens
from telemetry import store, sums
from telemetry.models import Dirty, Rollup
from telemetry.sums import Cells

HOUR_SECONDS = 3_600
DAY_SECONDS = 86_400
SHARDS = 8
MOST_ORIGINS = 500
OTHERS = "other"
LEASE_SECONDS = 60.0


def mark(places: Iterable[tuple[str, str]]) -> None:
    """Mark (workspace, hour) pairs whose events changed; marked after the events are in, so that none is missed."""
    now = clock.now()
    for workspace_id, hour in set(places):
        place = f"{workspace_id} {hour}"
        row = Dirty(_shard(place), place)
        row.update(actions=[Dirty.stamp.set(tokens.random_id("d")), Dirty.due.set(Dirty.due | now)])


def work_off(most: int = 200, added_up: Callable[[str, str], None] | None = None) -> int:
    """Add up the hours that are marked and due; returns how many. Any number of workers may do this at once.
    `added_up` hears of each (workspace, hour) while it is still marked: what it raises leaves the hour to be done
    again."""
    done = 0
    for shard in range(SHARDS):
        for row in list(Dirty.query(str(shard), consistent_read=True, limit=most)):
            done += _work(row, added_up)
    return done


def oldest_mark(most: int = 50) -> float | None:
    """Since when a marked hour waits for a worker, in seconds since 1970; None where none waits. Looks at the first
    `most` marks of each shard."""
    rows = (row for shard in range(SHARDS) for row in Dirty.query(str(shard), consistent_read=True, limit=most))
    return min((float(row.due) for row in rows), default=None)


def _work(row: Dirty, added_up: Callable[[str, str], None] | None) -> bool:
    now, stamp = clock.now(), row.stamp
    if row.due > now or not _lease(row, now):
        return False
    workspace_id, _, hour = row.place.partition(" ")
    roll(workspace_id, hour)
    if added_up:
        added_up(workspace_id, hour)
    try:
        row.delete(condition=Dirty.stamp == stamp)
    except DeleteError as error:
        if not dynamo.lost_race(error):
            raise
        # Marked again meanwhile. What took long to add up rests ten times as long.
        rest = min(300.0, 10 * (clock.now() - now))
        row.update(actions=[Dirty.due.set(clock.now() + rest)], condition=Dirty.place.exists())
    return True


def _lease(row: Dirty, now: float) -> bool:
    return row.update_if(Dirty.due == row.due, due=now + LEASE_SECONDS)


def roll(workspace_id: str, hour: str) -> None:
    """Add up an hour from its events, and its day from its hours. One whose events may have ended stays as it is."""
    start = clock.moment_of_hour(hour)
    if start < oldest_kept():
        return
    found = _bounded(sums.of_events(store.between(workspace_id, start, start + HOUR_SECONDS)))
    _replace(workspace_id, f"h {hour}", found)
    day = hour[:10]
    by_origin: dict[str, list[Cells]] = {}
    for _, origin, cells in _read(workspace_id, f"h {day}T00", f"h {day}T24"):
        by_origin.setdefault(origin, []).append(cells)
    _replace(workspace_id, f"d {day}", _bounded({origin: sums.merge(parts) for origin, parts in by_origin.items()}))


def oldest_kept() -> float:
    """From when on every plan keeps single events, in seconds since 1970: only those hours can be added up again."""
    return clock.now() - kept_days() * DAY_SECONDS


def kept_days() -> int:
    """For how many whole days every plan keeps single events."""
    return STARTING.retention_days - 1


def hours(workspace_id: str, first: str, end: str) -> Iterator[tuple[str, str, Cells]]:
    """(hour, Origin, cells) from hour `first` up to `end`, oldest first."""
    return _read(workspace_id, f"h {first}", f"h {end}")


def days(workspace_id: str, first: str, end: str) -> Iterator[tuple[str, str, Cells]]:
    """(day, Origin, cells) from day `first` up to `end`, oldest first."""
    return _read(workspace_id, f"d {first}", f"d {end}")


def _read(workspace_id: str, first: str, end: str) -> Iterator[tuple[str, str, Cells]]:
    for row in Rollup.query(workspace_id, Rollup.span.between(first, end), consistent_read=True):
        _, name, origin = row.span.split(" ", 2)
        yield name, origin, sums.unpack(row.cells)


def _replace(workspace_id: str, span: str, found: dict[str, Cells]) -> None:
    wanted = {f"{span} {origin}": sums.pack(cells) for origin, cells in found.items()}
    old = {row.span for row in Rollup.query(workspace_id, Rollup.span.startswith(f"{span} "), consistent_read=True)}
    with Rollup.batch_write() as writer:
        for name, cells in wanted.items():
            writer.save(Rollup(workspace_id, name, cells=cells))
        for name in old - set(wanted):
            writer.delete(Rollup(workspace_id, name))


def _bounded(found: dict[str, Cells]) -> dict[str, Cells]:
    """At most 500 Origins apart, the busiest; the rest is `other`."""
    if len(found) <= MOST_ORIGINS:
        return found
    busiest = sorted(found, key=lambda origin: (-sums.total(found[origin].items()).requests, origin))
    kept = {origin: found[origin] for origin in busiest[:MOST_ORIGINS]}
    kept[OTHERS] = sums.merge([found[origin] for origin in busiest[MOST_ORIGINS:]] + [kept.get(OTHERS, {})])
    return kept


def _shard(place: str) -> str:
    return str(zlib.crc32(place.encode()) % SHARDS)
