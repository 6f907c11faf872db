"""`manage.py rebuild_rollups`: a workspace's hours, added up again from its events."""

import secrets

import pytest
from django.core.management import CommandError

from imgapis.base import clock
from telemetry import events, rollups
from tests.commands import run
from tests.telemetry.made_events import some


@pytest.fixture(autouse=True)
def _today(monkeypatch):
    """The clock stands still: which hours there are depends on it."""
    moment = clock.moment_of_hour("2026-11-24T09") + 1_800
    monkeypatch.setattr(clock, "now", lambda: moment)


def sums_of(row) -> tuple[int, int]:
    """The requests and half-credits of the workspace's hours."""
    cells = [cell for _, _, hour in rollups.hours(row.workspace_id, "2026-11-01T00", "~") for cell in hour.values()]
    return sum(cell.requests for cell in cells), sum(cell.cost for cell in cells)


def recorded(row, hours_ago: int) -> tuple[int, int]:
    """Twenty events of an hour that nothing has added up: how many requests they are, how many half-credits."""
    end = clock.now() - hours_ago * 3_600
    happened = some(row.workspace_id, 20, end - 60, end, seed=3)
    events.write(happened)
    return len(happened), sum(event.cost for event in happened)


def test_the_hours_of_as_many_days_are_added_up_from_the_events_however_often(workspace, stranger):
    truth = recorded(workspace, 2)
    recorded(workspace, 30)
    recorded(stranger, 2)
    assert sums_of(workspace) == (0, 0)
    for _ in range(2):
        assert run("rebuild_rollups", workspace.namespace, "--days", "1") == (
            f"24 hours of {workspace.namespace} added up again\n"
        )
        assert sums_of(workspace) == truth, "what is older than a day is as it was"
    assert sums_of(stranger) == (0, 0)


def test_a_workspace_that_there_is_not_is_refused_by_name(dynamodb):
    namespace = f"nobody-{secrets.token_hex(4)}"
    with pytest.raises(CommandError, match=f"There is no workspace {namespace}"):
        run("rebuild_rollups", namespace)


@pytest.mark.parametrize("days", ["0", "-1", str(rollups.min_retention_days() + 1), "a week"])
def test_days_whose_events_may_have_ended_are_refused_and_nothing_is_added_up(workspace, days):
    recorded(workspace, 2)
    with pytest.raises(CommandError, match="--days"):
        run("rebuild_rollups", workspace.namespace, "--days", days)
    assert sums_of(workspace) == (0, 0)
