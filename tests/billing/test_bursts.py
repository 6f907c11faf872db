"""Bursts: billed work far above the usual is reported once a day, with the top spenders and what stops them."""

import pytest

from billing.notifications import bursts, notifications, outbox
from imgapis.base import clock, tokens
from imgapis.work import usage_checks
from telemetry import events, rollups
from telemetry.events import RequestEvent
from tests.accounts import teams
from tests.people import mails

pytestmark = pytest.mark.usefixtures("dynamodb")
DAY = 86_400
NOON = clock.moment_of_hour(clock.day(clock.now() - DAY) + "T12")


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"


def record_requests(workspace, moment: float, credits: int, origin: str = "", operation: str = "transform") -> None:
    """Write events of four credits each in the hour of a moment (epoch seconds), and roll them up."""
    hour = clock.moment_of_hour(clock.hour(moment))
    events.write(
        RequestEvent(
            workspace.workspace_id, tokens.time_ordered_id(hour + number), operation, "miss", origin, 200, 9, 9, 8
        )
        for number in range(credits // 4)
    )
    rollups.rebuild_hour(workspace.workspace_id, clock.hour(moment))


@pytest.mark.parametrize(
    ("hour", "today", "usual", "expected"),
    [
        (198, 198, 0, False),  # too little to be worth a mail
        (499, 499, 0, False),
        (500, 500, 0, True),  # nothing to compare with: a quarter of the month
        (999, 1_500, 1_000, False),
        (1_000, 1_500, 1_000, True),  # in an hour what the busiest day had
        (400, 2_999, 1_000, False),
        (400, 3_000, 1_000, True),  # three times the busiest day
    ],
)
def test_a_burst_is_far_above_the_habit(hour, today, usual, expected):
    assert bursts.is_burst(hour, today, usual, 2_000) is expected


def test_an_ordinary_day_is_no_burst():
    workspace, _ = teams.whole_team()
    for days in range(1, 15):
        record_requests(workspace, NOON - days * DAY, 200)
    record_requests(workspace, NOON, 120)
    assert not bursts.check(workspace.workspace_id, clock.hour(NOON))


def test_a_burst_is_told_once_a_day_with_what_burns_the_credits():
    """C1: from the fields of P04 alone."""
    workspace, staff = teams.whole_team()
    for days in range(1, 15):
        record_requests(workspace, NOON - days * DAY, 100)
    record_requests(workspace, NOON, 300, "https://evil.example")
    record_requests(workspace, NOON, 60, "https://shop.example", "grid")
    usage_checks.check_workspace(workspace.workspace_id, clock.hour(NOON))
    usage_checks.check_workspace(workspace.workspace_id, clock.hour(NOON))
    record_requests(workspace, NOON + 3_600, 400, "https://evil.example")
    assert not bursts.check(workspace.workspace_id, clock.hour(NOON + 3_600))
    (notice,) = [row for row in notifications.of_workspace(workspace.workspace_id) if row.kind == "burst"]
    assert [notice.facts[name] for name in ("billed", "today", "busiest")] == ["360", "360", "100"]
    assert notice.facts["burning"] == [
        {"origin": "https://evil.example", "operation": "transform", "credits": "300", "share": 83},
        {"origin": "https://shop.example", "operation": "grid", "credits": "60", "share": 16},
    ]
    for row in notifications.due(1_000):
        if row.place.startswith(workspace.workspace_id) and notifications.lease(row):
            outbox._send(row, None)
    text = mails(staff["owner"].email)[-1].get_body().get_content()
    assert "https://evil.example" in text and "360 credits" in text
    assert all(f"/w/{workspace.namespace}/{page}" in text for page in ("signing", "presets", "billing", "usage"))


@pytest.mark.parametrize(("days", "is_burst"), [(1, False), (14, False), (15, True)])
def test_the_habit_is_that_of_the_last_fourteen_days(days, is_burst):
    """One busy day of these makes as much no burst; without any, a quarter of the month's credits in an hour is one."""
    workspace, _ = teams.whole_team()
    record_requests(workspace, NOON - days * DAY, 700)
    record_requests(workspace, NOON, 600)
    assert bursts.check(workspace.workspace_id, clock.hour(NOON)) is is_burst


def test_an_hour_is_looked_at_when_it_is_added_up_and_stays_marked_where_that_fails():
    workspace, _ = teams.whole_team()
    record_requests(workspace, NOON, 4)
    rollups.mark_dirty([(workspace.workspace_id, clock.hour(NOON))])
    workspace_ids = []

    def fail(workspace_id: str, hour: str) -> None:
        workspace_ids.append(workspace_id)
        if workspace_id == workspace.workspace_id:
            raise OSError("the store is away")

    rollups.process_due(added_up=fail)
    assert workspace.workspace_id in workspace_ids
    assert any(workspace.workspace_id in row.place for shard in range(8) for row in rollups.DirtyHour.query(str(shard)))
