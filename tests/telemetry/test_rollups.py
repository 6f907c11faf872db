"""Rollups are the events, added up: exact, whole again after late ones, mergeable in any order (D12, P11)."""

import math
import random
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgapis.base import clock
from telemetry import events, histogram, reports, rollups, sums
from telemetry.models import DirtyHour, Event
from telemetry.models import events as event_rows
from tests.telemetry.made_events import some

pytestmark = pytest.mark.usefixtures("dynamodb")
NOW = clock.moment_of_hour("2026-11-24T09") + 1_800


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """The clock stands still: what is kept depends on the day."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture
def whose():
    """A workspace id nobody has."""
    return f"ws_{secrets.token_hex(8)}"


def written(happened) -> None:
    """Put events into the table, charged ones too."""
    with Event.batch_write() as writer:
        for one in happened:
            writer.save(events.to_row(one))


def rolled(whose: str, happened) -> None:
    """Mark and add up the hours of events."""
    marks = {(whose, clock.hour(event_rows.moment(events.to_row(one)))) for one in happened}
    for _, hour in marks:
        rollups.rebuild_hour(whose, hour)


def totals(happened) -> tuple[int, int, int]:
    """Requests, half-credits and bytes."""
    return len(happened), sum(one.cost for one in happened), sum(one.size for one in happened)


def test_the_sum_of_rollups_is_the_sum_of_events(whose):
    """D12: across a month's end and the change of clocks, which UTC does not have."""
    start = clock.moment_of_hour("2026-10-24T20")
    happened = some(whose, 60, start, start + 8 * 86_400)
    written(happened)
    rolled(whose, happened)
    for read, first, end in (
        (rollups.hours, "2026-10-24T00", "2026-11-03~"),
        (rollups.days, "2026-10-24", "2026-11-03~"),
    ):
        found = sums.total(pair for _, _, cells in read(whose, first, end) for pair in cells.items())
        assert (found.requests, found.cost, found.size) == totals(happened)
        assert sum(found.latencies.values()) == len(happened)


def test_a_report_breaks_down_into_parts_that_add_up(whose):
    happened = some(whose, 500, NOW - 20 * 3_600, NOW)
    written(happened)
    rolled(whose, happened)
    report = reports.build(whose, reports.time_range("24h", NOW))
    assert (report.total.requests, report.total.cost, report.total.size) == totals(happened)
    for name in ("operation", "cache", "status", "origin"):
        assert sum(found.requests for _, found in report.by(name)) == 500
    assert sum(found.requests for _, found in report.steps) == 500
    good = [one for one in happened if one.status < 400]
    assert report.hit_ratio == sum(one.cache == "hit" for one in good) / len(good)


def test_the_range_before_is_the_one_before(whose):
    old, new = some(whose, 30, NOW - 40 * 3_600, NOW - 30 * 3_600), some(whose, 70, NOW - 10 * 3_600, NOW, seed=2)
    written(old + new)
    rolled(whose, old + new)
    report = reports.build(whose, reports.time_range("24h", NOW))
    assert (report.total.requests, report.before.requests) == (70, 30)


def test_a_late_event_is_in_after_the_next_rolling(whose):
    first, late = some(whose, 10, NOW - 60, NOW), some(whose, 1, NOW - 60, NOW, seed=9)
    written(first)
    rolled(whose, first)
    written(late)
    rolled(whose, late)
    assert reports.build(whose, reports.time_range("24h", NOW)).total.requests == 11


def test_rolling_twice_changes_nothing(whose):
    happened = some(whose, 50, NOW - 3_000, NOW)
    written(happened)
    for _ in range(2):
        rolled(whose, happened)
    assert reports.build(whose, reports.time_range("7d", NOW)).total.requests == 50


def test_a_marked_hour_is_added_up_once_and_its_mark_is_gone(whose):
    happened = some(whose, 5, NOW - 60, NOW)
    written(happened)
    hour = clock.hour(NOW - 30)
    rollups.mark_dirty([(whose, hour), (whose, hour)])
    assert [row.place for row in DirtyHour.scan() if whose in row.place] == [f"{whose} {hour}"]
    rollups.process_due()
    assert not [row for row in DirtyHour.scan() if whose in row.place]


def test_more_than_five_hundred_origins_are_bounded_and_nothing_is_lost():
    found = {
        f"https://{number}.example": {sums.CellKey("transform", "hit", 200): sums.Sums(number + 1)}
        for number in range(600)
    }
    bounded = rollups._bounded(found)
    assert len(bounded) == rollups.MOST_ORIGINS + 1
    assert sum(sums.total(cells.items()).requests for cells in bounded.values()) == sum(range(1, 601))
    assert "https://599.example" in bounded and "https://0.example" not in bounded


def test_what_was_bounded_already_is_bounded_again_and_nothing_is_lost():
    """H24: a day of hours that have their own `other`, which is among the busiest."""
    key = sums.CellKey("transform", "hit", 200)
    hour = rollups._bounded({f"https://{number}.example": {key: sums.Sums(1)} for number in range(600)})
    later = {f"https://{number}.example": {key: sums.Sums(2)} for number in range(600, 700)}
    day = rollups._merged([("h", origin, cells) for part in (hour, later) for origin, cells in part.items()])
    assert len(day) <= rollups.MOST_ORIGINS + 1
    assert sum(sums.total(cells.items()).requests for cells in day.values()) == 600 + 200


def test_a_month_is_over_when_it_is_by_the_clock_of_every_server(monkeypatch):
    """H24: a server whose clock is behind writes events of the month for a while."""
    begins = clock.moment_of_hour("2026-12-01T00")
    for seconds, is_over in ((-1, False), (0, False), (rollups.OVER_SECONDS - 1, False), (rollups.OVER_SECONDS, True)):
        monkeypatch.setattr(clock, "now", lambda moment=begins + seconds: moment)
        assert rollups.month_has_ended("2026-11") is is_over


@given(st.lists(st.floats(1, 60_000), min_size=1, max_size=300), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_true_within_two_percent(latencies, share):
    counts: dict[int, int] = {}
    for latency in latencies:
        counts[histogram.bucket(latency)] = counts.get(histogram.bucket(latency), 0) + 1
    exact = sorted(latencies)[max(1, math.ceil(share * len(latencies))) - 1]
    assert abs(histogram.percentile(counts, share) - exact) <= 0.02 * exact + 1e-6


@given(st.randoms(use_true_random=False), st.integers(1, 6))
def test_sums_are_the_same_in_any_order_and_survive_storage(chance: random.Random, pieces):
    parts = []
    for number in range(pieces * 4):
        key = sums.CellKey(chance.choice(["transform", "grid"]), "hit", chance.choice([200, 404]))
        parts.append({key: sums.Sums(number + 1, number, number * 10)})
    shuffled = parts[:]
    chance.shuffle(shuffled)
    assert sums.unpack(sums.pack(sums.merge(parts))) == sums.merge(shuffled)


@pytest.fixture
def busy_year(whose):
    """Thirty requests in each of the last 26 months, by day alone or by month as well."""
    moments = [clock.months_after(NOW, -back) for back in range(26)]
    happened = [one for moment in moments for one in some(whose, 30, moment - 60, moment)]
    write_days(whose, happened)
    return happened


def write_days(whose: str, happened) -> None:
    """Store the sums of each day, as adding up its hours would."""
    by_day: dict[str, list] = {}
    for row in map(events.to_row, happened):
        by_day.setdefault(clock.day(event_rows.moment(row)), []).append(row)
    for day, rows in by_day.items():
        rollups._replace(whose, f"d {day}", sums.of_events(rows))


def of_months(happened, first: str, last: str) -> tuple[int, int, int]:
    """Totals of the events from one month up to another, both in."""
    return totals([one for one in happened if first <= clock.month(event_rows.moment(events.to_row(one))) <= last])


@pytest.mark.parametrize("made", [(), ("2026-03",), tuple(f"2026-{month:02}" for month in range(1, 11))], ids=len)
def test_a_year_is_the_same_to_the_unit_whichever_months_have_rows(whose, busy_year, made):
    """P11: a month without rows is read by its days; the year before ends on the same day a year ago."""
    for month in made:
        rollups.rebuild_month(whose, month)
    report = reports.build(whose, reports.time_range("1y", NOW))
    assert (report.total.requests, report.total.cost, report.total.size) == of_months(busy_year, "2025-12", "2026-11")
    assert (report.before.requests, report.before.cost, report.before.size) == of_months(
        busy_year, "2024-12", "2025-11"
    )
    assert [(name, found.requests) for name, found in report.steps][::11] == [("2025-12", 30), ("2026-11", 30)]
    assert sum(found.requests for _, found in report.by("origin")) == report.total.requests
    assert sum(report.total.latencies.values()) == report.total.requests


def test_a_late_event_is_in_its_month_though_the_month_was_added_up(whose, monkeypatch):
    over = clock.moment_of_hour("2026-10-31T23")
    first, late = some(whose, 10, over, over + 60), some(whose, 1, over, over + 60, seed=9)
    written(first)
    rolled(whose, first)
    written(late)
    rolled(whose, late)
    said, by_days = rollups.month_sums(whose, "2026-10")
    assert said == by_days and said.requests == 11


def test_a_month_that_runs_has_no_row_and_one_that_is_over_has(whose):
    happened = some(whose, 20, NOW - 600, NOW) + some(whose, 20, NOW - 26 * 86_400, NOW - 25 * 86_400)
    written(happened)
    rolled(whose, happened)
    assert {month for month, _, _ in rollups.months(whose, "2000-01", "~")} == {"2026-10"}
    assert not rollups.month_has_ended("2026-11") and rollups.month_has_ended("2026-10")


def test_a_day_that_changes_while_its_month_is_added_up_is_in_it(whose, busy_year, monkeypatch):
    read, more = (
        rollups.days,
        some(whose, 7, clock.moment_of_hour("2026-06-02T03"), clock.moment_of_hour("2026-06-02T04")),
    )

    def changing(*asked, **how):
        found = list(read(*asked, **how))
        if more:
            rollups._replace(whose, "d 2026-06-02", sums.of_events(map(events.to_row, more)))
            more.clear()
        return iter(found)

    monkeypatch.setattr(rollups, "days", changing)
    rollups.rebuild_month(whose, "2026-06")
    said, by_days = rollups.month_sums(whose, "2026-06")
    assert said == by_days and said.requests == 37


@pytest.mark.parametrize("wanted", ["7d", "30d", "90d"])
@pytest.mark.parametrize("made", [(), ("2026-07", "2026-08", "2026-10")], ids=len)
def test_the_range_before_may_be_read_by_months_and_is_the_same(whose, wanted, made):
    happened = some(whose, 80, NOW - 200 * 86_400, NOW)
    write_days(whose, happened)
    for month in made:
        rollups.rebuild_month(whose, month)
    report, days = reports.build(whose, reports.time_range(wanted, NOW)), int(wanted[:-1])
    first, last = clock.day(NOW - (2 * days - 1) * 86_400), clock.day(NOW - days * 86_400)
    expected = totals([one for one in happened if first <= clock.day(event_rows.moment(events.to_row(one))) <= last])
    assert (report.before.requests, report.before.cost, report.before.size) == expected
