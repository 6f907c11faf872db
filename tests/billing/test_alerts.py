"""Alerts: each level once a span by mail to owners and billing members and by signed webhook behind the SSRF guard."""

import hmac
import json
import re

import pytest
from pynamodb.exceptions import DoesNotExist

from accounts.models import workspaces
from billing.charging import cap_settings, credits
from billing.charging.caps import Cap
from billing.models import Counter, PendingNotification, counters
from billing.notifications import alerts, notifications, outbox, outgoing_webhooks, preferences, webhook_delivery
from billing.plans import periods
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.outbound import resolution
from tests.accounts import teams
from tests.billing.test_charge import bill
from tests.billing.webhook_server import HookServer
from tests.people import mails
from tests.transforms.web_client import ask

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture(autouse=True)
def mail_folder(settings):
    """Every mail is a file under VAR_DIR."""
    settings.EMAIL_BACKEND = "imgapis.base.mail.mailbox.FolderBackend"


@pytest.fixture
def team():
    """A workspace on the free plan with one person of every role."""
    workspace, staff = teams.whole_team()
    cap_settings.change(workspace.workspace_id, "system", "day", Cap("off", 0))
    return workspace, staff


@pytest.fixture
def receiver(settings):
    """The customer's receiver."""
    server = HookServer()
    server.start()
    settings.FETCH_ALLOW_PRIVATE = settings.FETCH_ALLOW_PRIVATE | {f"127.0.0.1:{server.port}"}
    yield server
    server.stop()


def spend(workspace, halves: int) -> None:
    """Charge half-credits, then check the levels as the worker does."""
    terms = periods.terms_of(workspaces.find(workspace.workspace_id))
    credits.charge(bill(workspace.workspace_id, cost=halves), terms)
    alerts.check(workspace.workspace_id)


def alert_levels(workspace) -> list[str]:
    """The usage levels a workspace was notified of, as `of span share`, sorted."""
    usage_rows = [row for row in notifications.of_workspace(workspace.workspace_id) if row.kind == "usage"]
    return sorted(f"{row.facts['of']} {row.facts['span']} {row.facts['share']}" for row in usage_rows)


def send_due(workspace, post=None) -> None:
    """Send the due notices of this workspace alone."""
    for row in notifications.due(1_000):
        if row.place.startswith(workspace.workspace_id) and notifications.lease(row):
            outbox._send(row, post or webhook_delivery.send)


def outgoing_rows(workspace) -> list[PendingNotification]:
    rows = [
        row
        for shard in range(notifications.SHARDS)
        for row in PendingNotification.query(str(shard), consistent_read=True)
    ]
    return [row for row in rows if row.place.startswith(workspace.workspace_id)]


def test_each_level_is_told_once(team):
    workspace, _ = team
    spend(workspace, 998)
    assert alert_levels(workspace) == []
    spend(workspace, 2)
    spend(workspace, 2)
    assert alert_levels(workspace) == ["allowance period 50"]
    spend(workspace, 600)
    spend(workspace, 397)
    assert alert_levels(workspace) == ["allowance period 100", "allowance period 50", "allowance period 80"]


def test_a_cap_has_alerts_of_its_own(team):
    workspace, _ = team
    cap_settings.change(workspace.workspace_id, "system", "day", Cap("credits", 10))
    cap_settings.change(workspace.workspace_id, "system", "period", Cap("credits", 20))
    spend(workspace, 18)
    assert alert_levels(workspace) == ["cap day 80"]
    spend(workspace, 2)
    assert alert_levels(workspace) == ["cap day 100", "cap day 80", "cap period 50"]


@pytest.mark.parametrize(
    ("used", "limit", "share"),
    [
        (0, 100, 0),
        (49, 100, 0),
        (50, 100, 50),
        (80, 100, 80),
        (98, 100, 80),
        (99, 100, 100),
        (120, 100, 100),
        (3, 5, 50),
    ],
)
def test_a_share_is_reached_so(used, limit, share):
    assert alerts.Level("allowance", "2026-11-01T00Z", used, limit, "").share == share


def test_the_levels_of_a_period_with_overage():
    """The plan's credits first, then the cap in money."""
    period = Counter("ws", "2026-11-01T00Z", granted=150, used=120, left=30, base=100, room=50, ends=None)
    assert [(level.resource, level.limit) for level in alerts.levels(period, None)] == [
        ("allowance", 100),
        ("cap", 150),
    ]


def test_a_gift_is_part_of_what_alerts_are_of():
    """H24: half of a plan is used, and less than half of what there is."""
    period = Counter("ws", "2026-11-01T00Z", granted=140, used=60, left=80, base=100, extra=40, room=0, ends=None)
    (level,) = alerts.levels(period, None)
    assert (level.limit, level.share) == (140, 0)


def test_a_mail_goes_to_owners_and_billing_members_once(team):
    workspace, staff = team
    spend(workspace, 1_600)
    send_due(workspace)
    send_due(workspace)
    for role, person in staff.items():
        matching_mails = [mail for mail in mails(person.email) if "80 %" in mail["Subject"]]
        assert len(matching_mails) == (role in ("owner", "billing")), role
    text = mails(staff["billing"].email)[-1].get_body().get_content()
    assert "800 of 1000" in text and f"/w/{workspace.namespace}/billing" in text and outgoing_rows(workspace) == []


def test_one_click_ends_the_mails_of_one_kind_for_one_person(team, web):
    """RFC 8058: no session, no cookie; opening the link changes nothing."""
    workspace, staff = team
    spend(workspace, 1_000)
    send_due(workspace)
    mail = mails(staff["owner"].email)[-1]
    link = re.fullmatch(r"<(http[^>]+)>", mail["List-Unsubscribe"].strip())[1]
    path = "/" + link.split("/", 3)[3]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    page = ask(None, path, host="localhost")
    assert page.status == 200 and b"End these mails" in page.body and "set-cookie" not in page.headers
    assert preferences.choices(workspace.workspace_id, staff["owner"].person_id)["usage"]
    response = ask(None, path, "POST", host="localhost", body="List-Unsubscribe=One-Click")
    assert response.status == 200 and "set-cookie" not in response.headers
    assert preferences.choices(workspace.workspace_id, staff["owner"].person_id) == {"usage": False, "burst": True}
    (recipient,) = preferences.recipients(workspace.workspace_id, "usage")
    assert recipient.email == staff["billing"].email
    spend(workspace, 600)
    send_due(workspace)
    assert (
        "50 %" in mails(staff["owner"].email)[-1]["Subject"] and "80 %" in mails(staff["billing"].email)[-1]["Subject"]
    )
    preferences.choose(workspace.workspace_id, staff["owner"].person_id, "usage", enabled=True)
    assert len(preferences.recipients(workspace.workspace_id, "usage")) == 2


@pytest.mark.parametrize("text", ["", "x", "WzEsMiwzXQ:1a:b"])
def test_a_link_that_was_changed_does_nothing(web, text):
    assert ask(None, f"/unsubscribe/{text}", "POST", host="localhost", body="").status == 404


def test_the_webhook_is_signed_so_that_its_receiver_can_tell(team, receiver):
    workspace, _ = team
    secret = webhook_delivery.configure(workspace.workspace_id, "p_1", f"http://127.0.0.1:{receiver.port}/hook")
    assert secret not in str(outgoing_webhooks.of(workspace.workspace_id).attribute_values)
    spend(workspace, 1_000)
    send_due(workspace)
    (request,) = receiver.posted
    payload = json.loads(request.body)
    timestamp, signature = re.fullmatch(r"t=([0-9]+),v1=([0-9a-f]{64})", request.headers["x-img-signature"]).groups()
    assert signature == hmac.new(secret.encode(), f"{timestamp}.".encode() + request.body, "sha256").hexdigest()
    assert abs(int(timestamp) - clock.now()) < 60
    assert (payload["type"], payload["workspace"], payload["data"]["share"]) == ("usage", workspace.namespace, 50)
    assert "cookie" not in request.headers and outgoing_webhooks.of(workspace.workspace_id).last_outcome == "200"


def test_a_webhook_that_fails_is_tried_again_under_the_same_id_and_then_given_up(team, receiver, monkeypatch):
    workspace, staff = team
    webhook_delivery.configure(workspace.workspace_id, "p_1", f"http://127.0.0.1:{receiver.port}/hook")
    receiver.answers = [500, 302, 404]
    spend(workspace, 1_000)
    moments = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moments[0])
    for _ in range(4):
        send_due(workspace)
        send_due(workspace)  # not due yet
        moments[0] += 20_000
    assert [request.path for request in receiver.posted] == ["/hook"] * 4 and outgoing_rows(workspace) == []
    assert len({json.loads(request.body)["id"] for request in receiver.posted}) == 1
    assert len([mail for mail in mails(staff["owner"].email) if "50 %" in mail["Subject"]]) == 1
    receiver.answers = [500] * 100
    outgoing_webhooks.send_test(workspace.workspace_id)
    for _ in range(2 * len(notifications.RETRY_SECONDS)):
        send_due(workspace)
        moments[0] += 20_000
    assert len(receiver.posted) == 4 + len(notifications.RETRY_SECONDS) + 1 and outgoing_rows(workspace) == []


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/x", "https://10.0.0.1/"]
)
def test_the_guard_stands_before_a_webhook(team, address):
    """S1: no connection, no map of the network."""
    workspace, _ = team
    outgoing_webhooks.configure(workspace.workspace_id, "p_1", address)
    spend(workspace, 1_000)
    send_due(workspace)
    assert outgoing_webhooks.of(workspace.workspace_id).last_outcome in (
        "source_unresolvable",
        "invalid_source",
        "invalid_webhook",
    )
    assert len(outgoing_rows(workspace)) == 1


@pytest.mark.parametrize("address", ["http://shop.example/hook", "https://demo.localhost/hook"])
def test_an_address_that_may_be_saved_no_more_is_not_posted_to_either(team, address):
    """H24, S17: it may have been saved before its host became one of ours, or before https was asked for."""
    workspace, _ = team
    outgoing_webhooks.configure(workspace.workspace_id, "p_1", address)
    spend(workspace, 1_000)
    send_due(workspace)
    assert outgoing_webhooks.of(workspace.workspace_id).last_outcome == "invalid_webhook"


@pytest.mark.parametrize(
    "address",
    [
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/x",
        "https://printer/hook",
        "https://inside.test/",
        "https://no-such-host.test/",
    ],
)
def test_a_webhook_that_would_never_be_posted_to_is_refused_when_it_is_saved(team, monkeypatch, address):
    """H12, S1, S16: private and unknown alike, with the way out."""
    workspace, _ = team
    known = {"inside.test": ["10.1.2.3"], "outside.test": ["93.184.216.34"]}
    monkeypatch.setattr(resolution, "system_resolver", lambda host, port: known.get(host, []))
    with pytest.raises(outgoing_webhooks.InvalidWebhook, match="has no public address: check the name"):
        webhook_delivery.configure(workspace.workspace_id, "p_1", address)
    assert outgoing_webhooks.of(workspace.workspace_id) is None
    assert webhook_delivery.configure(workspace.workspace_id, "p_1", "https://outside.test/hook")


@pytest.mark.parametrize("address", ["http://shop.example/", "ftp://shop.example/", "https://demo.localhost/", "x", ""])
def test_a_webhook_is_an_https_address_of_somebody_else(team, address):
    """S17"""
    workspace, _ = team
    with pytest.raises(outgoing_webhooks.InvalidWebhook):
        webhook_delivery.configure(workspace.workspace_id, "p_1", address)
    assert outgoing_webhooks.of(workspace.workspace_id) is None


def test_a_receiver_that_is_down_rests_costs_the_others_nothing_and_is_asked_again_by_one_posting(team, monkeypatch):
    """H14: 18 notices of one slow receiver took three minutes."""
    workspace, _ = team
    other, _ = teams.whole_team()
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    posted, is_down = [], [True]

    def post(request) -> int:
        name = json.loads(request.body)["workspace"]
        posted.append(name)
        if name == workspace.namespace and is_down[0]:
            raise ApiError("It does not answer.")
        return 200

    for row in (workspace, other):
        outgoing_webhooks.configure(row.workspace_id, "p_1", "https://hooks.example/")
    for number in range(30):
        notifications.create(workspace.workspace_id, f"n{number:02d}", "test", {})
    notifications.create(other.workspace_id, "n", "test", {})
    outbox.process_due(post)
    tried_count = posted.count(workspace.namespace)
    assert tried_count < outgoing_webhooks.MOST_FAILURES + outbox.SENDERS, "the others wait without a try"
    assert posted.count(other.namespace) == 1 and len(outgoing_rows(workspace)) == 30
    assert sum(row.attempts for row in outgoing_rows(workspace)) == tried_count
    posted.clear()
    moment[0] += 1
    outbox.process_due(post)
    assert workspace.namespace not in posted, "it rests"
    for _ in range(3):
        moment[0] += outgoing_webhooks.LONGEST_REST / 4
        posted.clear()
        outbox.process_due(post)
        assert posted.count(workspace.namespace) <= 1
    is_down[0] = False
    for _ in range(12):
        moment[0] += outgoing_webhooks.LONGEST_REST
        outbox.process_due(post)
    assert outgoing_rows(workspace) == [] and outgoing_webhooks.of(workspace.workspace_id).failures == 0


def test_a_notice_that_waits_for_a_receiver_that_never_comes_back_is_given_up(team, monkeypatch):
    workspace, _ = team
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    outgoing_webhooks.configure(workspace.workspace_id, "p_1", "https://hooks.example/")
    for number in range(3):
        notifications.create(workspace.workspace_id, f"n{number:02d}", "test", {})
    for _ in range(12):
        send_due(workspace, lambda request: 500)
        moment[0] += clock.DAY / 5
    assert outgoing_rows(workspace) == []


def test_a_test_is_posted_and_mailed_to_nobody(team, receiver):
    workspace, staff = team
    webhook_delivery.configure(workspace.workspace_id, "p_1", f"http://127.0.0.1:{receiver.port}/hook")
    mail_count = len(mails(staff["owner"].email))
    assert outgoing_webhooks.send_test(workspace.workspace_id) and not outgoing_webhooks.send_test(
        workspace.workspace_id
    )
    send_due(workspace)
    assert json.loads(receiver.posted[0].body)["type"] == "test" and len(mails(staff["owner"].email)) == mail_count
    outgoing_webhooks.remove(workspace.workspace_id, "p_1")
    outgoing_webhooks.remove(workspace.workspace_id, "p_1")
    assert outgoing_webhooks.of(workspace.workspace_id) is None


def test_nothing_is_told_for_a_workspace_that_is_gone(team):
    """D8"""
    workspace, _ = team
    spend(workspace, 1_000)
    workspaces.find(workspace.workspace_id).delete()
    assert (
        not notifications.create(workspace.workspace_id, "late", "test", {})
        and alerts.check(workspace.workspace_id) == 0
    )
    send_due(workspace)
    assert outgoing_rows(workspace) == []
    with pytest.raises(DoesNotExist):
        Counter.get(workspace.workspace_id, "none")
    assert counters.find(workspace.workspace_id, "none") is None
