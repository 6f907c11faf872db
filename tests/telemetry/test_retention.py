"""Single requests are kept for the days of the plan, then only sums; what has ended is shown nowhere."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from accounts.models import Workspace
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import entitlements, workspaces
from billing.charging import credits
from billing.plans import catalogue
from billing.plans.periods import Terms
from imgapis.base import clock
from telemetry import events, recorder, reports, rollups
from telemetry.models import Event
from telemetry.models import events as event_rows
from tests.billing.test_charge import bill
from tests.telemetry.made_events import some

pytestmark = pytest.mark.usefixtures("dynamodb")
DAY_SECONDS = 86_400


@pytest.fixture
def workspace():
    """A workspace of whatever plan billing wrote down last."""
    return workspaces.create_unowned(namespace=f"kept-{secrets.token_hex(5)}", allowance=2_000)


def days_kept(event: Event) -> float:
    """For how many days an event is kept."""
    return (event.expires.timestamp() - event_rows.moment(event)) / DAY_SECONDS


def with_plan(row: Workspace, tier: str) -> None:
    """The workspace with a plan's limits written down."""
    workspace_rows.change(row, limits=vars(catalogue.of(tier).limits))


@pytest.mark.parametrize("tier", catalogue.TIERS)
def test_a_free_event_is_kept_for_the_days_of_the_plan(workspace, tier):
    with_plan(workspace, tier)
    recorder._write_existing(some(workspace.workspace_id, 30, clock.now() - 60, clock.now()))
    found = event_rows.latest(workspace.workspace_id, 5)
    assert found and all(abs(days_kept(one) - catalogue.of(tier).limits.retention_days) < 0.1 for one in found)


@pytest.mark.parametrize(("hours", "is_kept"), [(47, True), (49, False)])
def test_an_event_that_comes_two_days_late_is_dropped(workspace, hours, is_kept):
    """Its hour is long added up, and was shown."""
    moment = clock.now() - hours * 3_600
    event = replace(some(workspace.workspace_id, 1, moment, moment)[0], cost=0)
    recorder._write_existing([event])
    assert (event_rows.find(workspace.workspace_id, event.event_id) is not None) is is_kept


def test_the_days_of_an_event_that_comes_late_count_from_when_it_happened(workspace):
    moment = clock.now() - 47 * 3_600
    (late,) = some(workspace.workspace_id, 1, moment, moment)
    assert abs(days_kept(events.to_row(late, 90)) - 90) < 0.1


def test_a_charged_event_is_kept_for_the_days_its_bill_names(workspace):
    paid = bill(workspace.workspace_id)
    longer = type(paid)(**(vars(paid) | {"retention_days": 400}))
    credits.charge(longer, Terms(allowance=100))
    assert abs(days_kept(event_rows.find(workspace.workspace_id, paid.event.event_id)) - 400) < 0.1


def test_an_event_whose_days_are_over_is_shown_nowhere_though_the_sweep_is_late(workspace):
    old, new = some(workspace.workspace_id, 2, clock.now() - 60, clock.now())
    Event(**vars(old), expires=datetime.fromtimestamp(clock.now() - 5, UTC)).save(condition=Event.is_absent())
    events.to_row(new).save(condition=Event.is_absent())
    assert event_rows.find(workspace.workspace_id, old.event_id) is None
    assert [one.event_id for one in event_rows.latest(workspace.workspace_id, 5)] == [new.event_id]
    assert [one.event_id for one in event_rows.page(workspace.workspace_id, None)] == [new.event_id]


def test_an_hour_whose_events_have_ended_keeps_its_sums(workspace, monkeypatch):
    now = clock.now()
    happened = some(workspace.workspace_id, 40, now - 60, now)
    hours = {clock.hour(event_rows.moment(events.to_row(one))) for one in happened}
    events.write(happened)
    for hour in hours:
        rollups.rebuild_hour(workspace.workspace_id, hour)
    with Event.batch_write() as writer:
        for one in happened:
            writer.delete(events.to_row(one))
    monkeypatch.setattr(clock, "now", lambda: now + entitlements.STARTING.retention_days * DAY_SECONDS)
    for hour in hours:
        rollups.rebuild_hour(workspace.workspace_id, hour)
    assert reports.build(workspace.workspace_id, reports.time_range("90d", clock.now())).total.requests == 40


def test_no_plan_keeps_events_for_less_than_what_the_proof_rests_on():
    assert (
        min(plan.limits.retention_days for plan in catalogue.CATALOGUE.values()) == entitlements.STARTING.retention_days
    )
    assert entitlements.STARTING.retention_days > 31 + 1  # a period of a month, and the night after it
