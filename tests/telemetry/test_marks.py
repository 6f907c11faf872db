"""Marked hours: the longest waiting first, each for itself; none is forgotten, and what waits is seen (H14, H24)."""

import secrets

import pytest

from imgapis.base import clock
from telemetry import events, rollups
from telemetry.models import DirtyHour, Event, Rollup
from telemetry.models import events as event_rows
from tests.telemetry.made_events import some

pytestmark = pytest.mark.usefixtures("no_marks")


@pytest.fixture
def no_marks(dynamodb):
    """No hour is marked, before and after."""
    _forget()
    yield
    _forget()


def _forget() -> None:
    with DirtyHour.batch_write() as writer:
        for row in DirtyHour.scan():
            writer.delete(row)


@pytest.fixture
def ahead(monkeypatch):
    """A function that moves the clock ahead by seconds."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def move(seconds: float) -> None:
        moment[0] += seconds

    return move


def new_id() -> str:
    """A workspace id nobody has."""
    return f"ws_{secrets.token_hex(8)}"


def write(happened) -> None:
    """Put events into the table."""
    with Event.batch_write() as writer:
        for event in happened:
            writer.save(events.to_row(event))


def marked() -> set[str]:
    """The workspaces with a marked hour."""
    return {row.place.partition(" ")[0] for row in DirtyHour.scan(consistent_read=True)}


def test_a_due_mark_behind_hundreds_of_resting_ones_is_added_up():
    """H14: the first 200 of each shard were looked at, in the order of their names."""
    hour, now = clock.hour(clock.now()), clock.now()
    with DirtyHour.batch_write() as writer:
        for shard in range(rollups.SHARDS):
            for number in range(30):
                place = f"a{number} {hour}"
                writer.save(DirtyHour(str(shard), place, stamp="d", due=now + 9_999, marked=now))
    late_id = f"z{new_id()}"
    rollups.mark_dirty([(late_id, hour)])
    assert rollups.process_due(limit=20) == 1 and late_id not in marked()


def test_a_mark_made_while_its_hour_is_added_up_is_not_lost(ahead):
    """H24"""
    workspace_id, hour = new_id(), clock.hour(clock.now())
    rollups.mark_dirty([(workspace_id, hour)])
    first_event, second_event = some(workspace_id, 2, clock.now() - 1, clock.now())

    def another(workspace_id: str, hour: str) -> None:
        write([second_event])
        rollups.mark_dirty([(workspace_id, clock.hour(clock.now()))])

    write([first_event])
    rollups.process_due(added_up=another)
    assert workspace_id in marked()
    ahead(301)
    rollups.process_due()
    requests = [cell.requests for _, _, cells in rollups.days(workspace_id, "2", "3") for cell in cells.values()]
    assert workspace_id not in marked() and sum(requests) == 2


def test_a_mark_made_once_the_events_of_its_hour_were_read_is_not_lost(monkeypatch):
    """H24"""
    workspace_id, hour = new_id(), clock.hour(clock.now())
    rebuild = rollups.rebuild_hour

    def rebuild_and_mark(workspace_id: str, hour: str) -> None:
        rebuild(workspace_id, hour)
        rollups.mark_dirty([(workspace_id, hour)])

    monkeypatch.setattr(rollups, "rebuild_hour", rebuild_and_mark)
    rollups.mark_dirty([(workspace_id, hour)])
    rollups.process_due()
    assert workspace_id in marked()


def test_what_fails_for_one_workspace_stops_no_other_and_is_seen_as_long_as_it_waits(ahead):
    """H14: the alert saw the time of the next try."""
    ids, hour, began = [new_id() for _ in range(6)], clock.hour(clock.now()), clock.now()
    for workspace_id in ids:
        rollups.mark_dirty([(workspace_id, hour)])

    def fails(workspace_id: str, hour: str) -> None:
        if workspace_id == ids[0]:
            raise RuntimeError("unforeseen")

    for _ in range(3):
        rollups.process_due(added_up=fails)
        assert marked() == {ids[0]} and rollups.oldest_mark() == pytest.approx(began)
        ahead(rollups.LEASE_SECONDS + 1)
        rollups.mark_dirty([(ids[0], hour)])
    rollups.process_due()
    assert rollups.oldest_mark() is None


def test_adding_up_ends_with_its_budget_and_the_rest_is_still_due():
    ids, hour = [new_id() for _ in range(5)], clock.hour(clock.now())
    rollups.mark_dirty([(workspace_id, hour) for workspace_id in ids])
    assert rollups.process_due(seconds=0) == 0 and marked() == set(ids)
    assert rollups.process_due() == 5


def test_rows_of_origins_that_an_hour_no_longer_has_go():
    """H24: an event that its retention ended, or an Origin that is among the others now."""
    workspace_id, now = new_id(), clock.now()
    first_event, second_event = some(workspace_id, 2, now - 1, now)
    origins = ("https://stays.example", "https://goes.example")
    rows = [events.to_row(event) for event in (first_event, second_event)]
    for row, origin in zip(rows, origins, strict=True):
        row.origin = origin
        row.save()
    hours = {clock.hour(event_rows.moment(row)) for row in rows}
    for _ in range(2):
        for hour in hours:
            rollups.rebuild_hour(workspace_id, hour)
        spans = [row.span for row in Rollup.query(workspace_id, consistent_read=True)]
        assert {span.split(" ", 2)[2] for span in spans if span.startswith(("h ", "d "))} == set(origins)
        rows[1].delete_if(Event.is_present())
        origins = origins[:1]
