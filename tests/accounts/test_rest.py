"""The REST API: keys, scopes, problems, limits, and no way into another workspace (A9, A10, A12)."""

import json
import secrets

import pytest

from accounts import audit
from accounts.keys import apikeys
from accounts.models import ApiKey, Member, NamespaceCount
from accounts.models import members as membership_rows
from accounts.teams import members
from accounts.workspaces import workspaces
from imgapis import rest_limits
from imgapis.base import clock, tokens
from telemetry import events, rollups
from telemetry.models import Event
from tests.telemetry.made_events import some
from tests.transforms.web_client import ask

ALL = ["workspace.view", "workspace.edit", "members.manage", "keys.manage", "audit.view"]
pytestmark = pytest.mark.usefixtures("web")


class Client:
    """An API client with a key of its own."""

    def __init__(self, role: str = "owner", scopes=ALL, workspace=None):
        self.person_id = tokens.random_id("p")
        if workspace is None:
            workspace = workspaces.create(
                self.person_id, namespace=f"rest-{secrets.token_hex(6)}", business_name="REST"
            )
        else:
            Member(workspace.workspace_id, self.person_id, role=role, joined=clock.now()).save()
        self.workspace = workspace
        self.key, self.row = apikeys.create(
            workspace.workspace_id, self.person_id, role, name="script", scopes=scopes, days=30
        )

    def ask(self, method: str, path: str, body=None, key: str | None = None):
        """(reply, body): one request with JSON in both directions; the body is None for an empty reply."""
        headers = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"}
        reply = ask(
            None, f"/api/v1{path}", method, host="localhost", body=json.dumps(body) if body else None, **headers
        )
        return reply, json.loads(reply.body) if reply.body else None


@pytest.fixture
def owner(dynamodb):
    """The owner's client."""
    return Client()


@pytest.fixture
def foreign(dynamodb):
    """The stranger's client, in a workspace of its own."""
    return Client()


def test_it_works(owner):
    reply, body = owner.ask("GET", "/workspace")
    assert (reply.status, body["namespace"]) == (200, owner.workspace.namespace)
    assert reply.headers["cache-control"] == "no-store" and "set-cookie" not in reply.headers
    assert reply.headers["ratelimit-policy"] and f"r={rest_limits.MOST - 1}" in reply.headers["ratelimit"]


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", "Basic abc", "Bearer img_aaaaaaaaaa_" + "a" * 43])
def test_without_a_living_key_there_is_one_answer(owner, authorization):
    reply = ask(None, "/api/v1/workspace", host="localhost", Authorization=authorization)
    assert (reply.status, json.loads(reply.body)["code"]) == (401, "invalid_api_key")
    assert reply.headers["www-authenticate"].startswith("Bearer")


def test_a_key_is_not_taken_from_the_address(owner):
    """A12"""
    reply = ask(None, f"/api/v1/workspace?api_key={owner.key}&Authorization=Bearer%20{owner.key}", host="localhost")
    assert reply.status == 401


def test_the_table_does_not_hold_the_secret(owner):
    """A12"""
    secret = owner.key.split("_", 2)[2]  # a secret may hold the same sign
    assert len(secret) >= 40 and secret not in str(ApiKey.get(owner.row.prefix).attribute_values)


def test_a_key_ends_with_its_maker(owner):
    """A12"""
    teammate = Client("developer", ["workspace.view"], owner.workspace)
    assert teammate.ask("GET", "/workspace")[0].status == 200
    members.remove(membership_rows.find(owner.workspace.workspace_id, owner.person_id), teammate.person_id)
    assert teammate.ask("GET", "/workspace")[0].status == 401


def test_a_key_loses_what_its_maker_loses(owner):
    teammate = Client("admin", ["members.manage", "workspace.view"], owner.workspace)
    acting_member = membership_rows.find(owner.workspace.workspace_id, owner.person_id)
    members.change_role(acting_member, teammate.person_id, "viewer")
    reply, problem = teammate.ask("GET", "/invites")
    assert (reply.status, problem["code"]) == (403, "not_permitted")


def test_an_expired_and_a_revoked_key_are_dead(owner, monkeypatch):
    other_client = Client("owner", ALL, owner.workspace)
    assert owner.ask("DELETE", f"/keys/{other_client.row.prefix}")[0].status == 204
    assert other_client.ask("GET", "/workspace")[0].status == 401
    later = clock.now() + 31 * 86400
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(apikeys.InvalidKey):
        apikeys.authenticate(owner.key)


@pytest.mark.parametrize(
    ("method", "path", "body", "scope"),
    [
        ("GET", "/workspace", None, "workspace.view"),
        ("PATCH", "/workspace", {"business_name": "X"}, "workspace.edit"),
        ("GET", "/members", None, "workspace.view"),
        ("PUT", "/members/p_x", {"role": "viewer"}, "members.manage"),
        ("DELETE", "/members/p_x", None, "members.manage"),
        ("GET", "/invites", None, "members.manage"),
        ("POST", "/invites", {"email": "a@example.com", "role": "viewer"}, "members.manage"),
        ("DELETE", "/invites/x", None, "members.manage"),
        ("GET", "/keys", None, "keys.manage"),
        ("POST", "/keys", {"name": "n", "scopes": ["workspace.view"]}, "keys.manage"),
        ("DELETE", "/keys/x", None, "keys.manage"),
        ("GET", "/audit", None, "audit.view"),
        ("GET", "/usage", None, "workspace.view"),
        ("GET", "/events", None, "workspace.view"),
        ("GET", "/events/x", None, "workspace.view"),
    ],
)
def test_a_key_without_the_scope_is_refused(owner, method, path, body, scope):
    narrow = Client("owner", [name for name in ALL if name != scope], owner.workspace)
    reply, problem = narrow.ask(method, path, body)
    assert (reply.status, problem["code"]) == (403, "out_of_scope")


def test_a_key_makes_no_key_that_can_do_more(owner):
    """A10"""
    narrow = Client("owner", ["keys.manage"], owner.workspace)
    reply, problem = narrow.ask("POST", "/keys", {"name": "more", "scopes": ["workspace.edit"]})
    assert (reply.status, problem["code"]) == (403, "out_of_scope")


@pytest.mark.parametrize("field", ["workspace_id", "allowance", "is_staff", "credits", "owners", "sealed_key"])
def test_an_unknown_field_is_refused_by_name(owner, field):
    """A10"""
    reply, problem = owner.ask("PATCH", "/workspace", {"business_name": "X", field: 1})
    assert (reply.status, problem["param"]) == (422, field)


def test_nobody_reaches_another_workspace(owner, foreign):
    """A9"""
    assert foreign.ask("DELETE", f"/keys/{owner.row.prefix}")[0].status == 404
    assert foreign.ask("DELETE", f"/members/{owner.person_id}")[0].status == 404
    assert foreign.ask("PUT", f"/members/{owner.person_id}", {"role": "viewer"})[0].status == 404
    assert owner.ask("GET", "/workspace")[0].status == 200


def test_the_last_owner_cannot_be_removed(owner):
    """A10, H8: by key no owner is, the last or not."""
    reply, problem = owner.ask("DELETE", f"/members/{owner.person_id}")
    assert (reply.status, problem["code"]) == (403, "out_of_scope")
    assert members.role_of(owner.workspace.workspace_id, owner.person_id) == "owner"


def test_an_admin_cannot_make_owners(owner):
    """A10"""
    admin = Client("admin", ALL, owner.workspace)
    assert admin.ask("PUT", f"/members/{admin.person_id}", {"role": "owner"})[0].status == 403
    assert admin.ask("PUT", f"/members/{owner.person_id}", {"role": "viewer"})[0].status == 403


def test_what_is_done_by_key_is_in_the_audit_log_under_the_key(owner):
    owner.ask("PATCH", "/workspace", {"business_name": "Y"})
    _, log = owner.ask("GET", "/audit")
    assert (log["entries"][0]["act"], log["entries"][0]["actor"]) == ("workspace.changed", f"key:{owner.row.prefix}")


def test_a_namespace_taken_by_key_counts_for_its_maker(owner):
    """H6: or keys would take namespaces without end, counted for no person that an erasure finds."""
    assert owner.ask("PATCH", "/workspace", {"namespace": f"rest-{secrets.token_hex(6)}"})[0].status == 200
    assert int(NamespaceCount.find(owner.person_id).taken) == 2
    assert NamespaceCount.find(f"key:{owner.row.prefix}") is None


def test_the_use_of_a_key_is_kept_by_the_day(owner):
    """P02: no finer."""
    owner.ask("GET", "/workspace")
    assert ApiKey.get(owner.row.prefix).last_used_day == clock.day(clock.now())


@pytest.mark.parametrize(
    ("field", "value"),
    [("days", 0), ("days", -1), ("days", 731), ("name", " "), ("name", "a" * 61), ("name", "a\nb"), ("scopes", [])],
)
def test_a_key_that_cannot_be_is_refused_at_its_field(field, value):
    values = {"name": "long", "scopes": ["workspace.view"], "days": 30} | {field: value}
    with pytest.raises(apikeys.InvalidKeySetting) as refusal:
        apikeys.create("ws_x", "p_x", "owner", **values)
    assert refusal.value.param == field


def test_a_long_log_is_read_page_by_page_to_its_end(owner):
    for number in range(audit.PAGE + 5):
        audit.record(owner.workspace.workspace_id, "system", "cache.purged", str(number))
    first_page = owner.ask("GET", "/audit")[1]
    second_page = owner.ask("GET", f"/audit?cursor={first_page['cursor']}")[1]
    entry_ids = [entry["entry_id"] for entry in first_page["entries"] + second_page["entries"]]
    assert len(first_page["entries"]) == audit.PAGE and second_page["cursor"] is None
    assert len(set(entry_ids)) == len(entry_ids) == audit.PAGE + 6


@pytest.mark.parametrize("cursor", ["x", "gAAAAA", "%00"])
def test_a_made_up_cursor_is_refused(owner, cursor):
    reply, problem = owner.ask("GET", f"/audit?cursor={cursor}")
    assert (reply.status, problem["code"]) == (400, "invalid_cursor")


@pytest.mark.parametrize("body", ["{", "[]", "1", '"x"'])
def test_a_body_that_is_no_object_is_a_problem_and_no_trace(owner, body):
    """V3"""
    headers = {"Authorization": f"Bearer {owner.key}", "Content-Type": "application/json"}
    reply = ask(None, "/api/v1/workspace", "PATCH", host="localhost", body=body, **headers)
    assert 400 <= reply.status < 500 and reply.headers["content-type"] == "application/problem+json"


def test_too_many_calls_are_told_to_wait(monkeypatch):
    monkeypatch.setattr(rest_limits, "MOST", 3)
    key = secrets.token_hex(8)
    assert [rest_limits.spend(key).left for _ in range(3)] == [2, 1, 0]
    with pytest.raises(rest_limits.TooManyCalls) as refusal:
        rest_limits.spend(key)
    assert refusal.value.retry_after


def test_usage_and_events_add_up_to_the_same(owner, foreign):
    sample_events = some(owner.workspace.workspace_id, 150, clock.now() - 50, clock.now())
    with Event.batch_write() as writer:
        for event in sample_events:
            writer.save(events.to_row(event))
    for seconds_ago in (0, 60):
        rollups.rebuild_hour(owner.workspace.workspace_id, clock.hour(clock.now() - seconds_ago))
    usage = owner.ask("GET", "/usage?range=24h")[1]
    first_page = owner.ask("GET", "/events")[1]
    second_page = owner.ask("GET", f"/events?cursor={first_page['cursor']}")[1]
    listed_events = first_page["events"] + second_page["events"]
    assert usage["requests"] == len(listed_events) == 150
    credits_sum = sum(float(event["credits"]) for event in listed_events)
    assert float(usage["credits"]) == credits_sum == sum(event.cost for event in sample_events) / 2
    assert owner.ask("GET", f"/events/{listed_events[0]['id']}")[1] == listed_events[0]
    assert foreign.ask("GET", f"/events/{listed_events[0]['id']}")[0].status == 404
    assert owner.ask("GET", "/usage?range=2d")[1]["code"] == "invalid_range"


def test_a_cursor_of_another_workspace_is_refused(owner, foreign):
    """A9"""
    events.write(some(foreign.workspace.workspace_id, 150, clock.now() - 50, clock.now()))
    cursor = foreign.ask("GET", "/events")[1]["cursor"]
    reply, problem = owner.ask("GET", f"/events?cursor={cursor}")
    assert (reply.status, problem["code"]) == (400, "invalid_cursor")
