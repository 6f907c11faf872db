"""Every POST of the REST API is carried out once under its Idempotency-Key, and answered alike again (H11)."""

import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts import audit
from accounts.keys import apikeys, idempotency
from accounts.models import IdempotentRequest, invites
from accounts.teams import roles
from accounts.workspaces import workspaces
from billing.notifications import outgoing_webhooks
from imgapis import rest
from imgapis.base import clock
from tests import environment
from tests.accounts import teams
from tests.people import mails
from tests.transforms.web_client import ask
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web", "resolver")


class Client:
    """A client with a key of every scope, in a workspace with a source, a webhook and a domain."""

    def __init__(self):
        self.name = f"idem-{secrets.token_hex(6)}"
        person = teams.new_person("idem")
        self.workspace = workspaces.create(person.person_id, namespace=self.name, business_name="B")
        self.workspace_id = self.workspace.workspace_id
        self.key, self.row = apikeys.create(
            self.workspace_id, person.person_id, "owner", name="script", scopes=list(roles.PERMISSIONS)
        )

    def post(self, path: str, body: dict | None = None, under: str | None = None):
        """(status, body, headers) of a POST under an Idempotency-Key."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        if under is not None:
            headers["Idempotency-Key"] = under
        text = None if body is None else json.dumps(body)
        reply = ask(None, f"/api/v1{path}", "POST", host="localhost", body=text, **headers)
        return reply.status, json.loads(reply.body) if reply.body else None, reply.headers

    def rows(self) -> list[IdempotentRequest]:
        """What is kept of the requests."""
        return list(IdempotentRequest.query(self.workspace_id, consistent_read=True))


@pytest.fixture
def client(dynamodb) -> Client:
    """A client in a workspace of its own."""
    return Client()


# path → a body, and another; {name} is the client's own
POSTS = {
    "/invites": ({"email": "{name}@example.com", "role": "viewer"}, {"email": "{name}@example.com", "role": "admin"}),
    "/keys": ({"name": "n", "scopes": ["workspace.view"]}, {"name": "m", "scopes": ["workspace.view"]}),
    "/notices/webhook/test": (None, {}),
    "/sources": ({"name": "{name}", "kind": "http", "prefix": "{origin}"}, {"name": "b", "kind": "http"}),
    "/sources/shop/doctor": ({"path": "shoe.jpg"}, {"path": "hat.png"}),
    "/signing/keys": (None, {}),
    "/purges/preview": ({"scope": "workspace"}, {"scope": "source", "target": "shop"}),
    "/purges": ({"scope": "workspace"}, {"scope": "source", "target": "shop"}),
    "/domains": ({"domain": "{name}.example"}, {"domain": "b.example"}),
    "/domains/{name}.example/check": (None, {}),
}
# What the repetition of an answer leaves out, because it is shown once.
SHOWN_ONCE = {"/keys", "/signing/keys"}
CHANGE_NOTHING = {"/sources/shop/doctor", "/purges/preview", "/domains/{name}.example/check"}


def filled(value, client: Client):
    """A path or a body with the client's own name and the origin's address."""
    text = json.dumps(value).replace("{name}", client.name)
    return json.loads(text.replace("{origin}", f"http://127.0.0.1:{environment.ORIGIN_PORT}/"))


def prepare(client: Client) -> None:
    """What some of the requests are about."""
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    named_sources.create(client.workspace_id, name="shop", kind="http", prefix=prefix)


def acts(client: Client) -> list[str]:
    """What was done, by the audit log."""
    return [entry.act for entry in audit.page(client.workspace_id).rows]


@pytest.mark.parametrize("path", POSTS)
def test_a_post_is_carried_out_once_under_its_key(client, path):
    prepare(client)
    outgoing_webhooks.configure(client.workspace_id, "system", "https://shop.example/hook")
    if path.endswith("/check"):
        client.post("/domains", {"domain": f"{client.name}.example"})
    before = len(acts(client))
    body, other = (filled(each, client) for each in POSTS[path])
    path_here = filled(path, client)
    first_status, first_body, _ = client.post(path_here, body, "one")
    assert first_status < 300, first_body
    after = len(acts(client))
    status, again, headers = client.post(path_here, body, "one")
    assert status == first_status and headers["idempotent-replayed"] == "true" and len(acts(client)) == after
    if path in SHOWN_ONCE:
        assert first_body.pop("key") and not again.pop("key", None)
    if path not in CHANGE_NOTHING:
        assert again == first_body
    assert (after > before) is (path not in {*CHANGE_NOTHING, "/notices/webhook/test"})
    status, problem, _ = client.post(path_here, other, "one")
    assert (status, problem["code"]) == (422, "idempotency_key_reused") and len(acts(client)) == after


def test_every_post_declares_the_header_and_is_in_the_table():
    """A new POST makes this fail until it is listed."""
    schema = rest.api.get_openapi_schema(path_prefix="")
    posts = {path: operations["post"] for path, operations in schema["paths"].items() if "post" in operations}
    for path, operation in posts.items():
        assert "Idempotency-Key" in {parameter["name"] for parameter in operation["parameters"]}, path
    listed = {re.sub(r"/(shop|\{name\}\.example)/", "/{}/", path) for path in POSTS}
    assert {re.sub(r"\{[a-z_]+\}", "{}", path) for path in posts} == listed


def test_without_a_key_nothing_is_kept(client):
    client.post("/keys", {"name": "n", "scopes": ["workspace.view"]})
    assert client.rows() == []


def test_neither_the_key_nor_the_body_nor_a_secret_is_kept(client):
    """A12"""
    body = {"email": f"{client.name}@example.com", "role": "viewer"}
    client.post("/invites", body, f"order-{client.name}")
    _, made, _ = client.post("/keys", {"name": client.name, "scopes": ["workspace.view"]}, "second")
    kept = str([row.attribute_values for row in client.rows()])
    assert len(client.rows()) == 2 and client.name not in kept and made["key"] not in kept
    assert all(row.expires.timestamp() <= clock.now() + clock.DAY for row in client.rows())


def test_of_eight_at_once_under_one_key_one_is_carried_out(client):
    body = {"email": f"{client.name}@example.com", "role": "viewer"}
    with ThreadPoolExecutor(8) as threads:
        replies = list(threads.map(lambda _: client.post("/invites", body, "crowd"), range(8)))
    assert {(status, reply.get("code")) for status, reply, _ in replies} <= {(201, None), (409, "request_running")}
    assert len(mails(body["email"])) == 1 and client.post("/invites", body, "crowd")[0] == 201


def test_spaces_and_the_order_of_names_make_no_other_request(client):
    client.post("/keys", {"name": "n", "scopes": ["workspace.view"]}, "one")
    assert client.post("/keys", {"scopes": ["workspace.view"], "name": "n"}, "one")[0] == 201


@pytest.mark.parametrize("key", ["", " ", "a" * 256, "naïve", "a\tb"])
def test_what_is_no_key_is_refused(client, key):
    status, problem, _ = client.post("/keys", {"name": "n", "scopes": ["workspace.view"]}, key)
    assert (status, problem["code"]) == (400, "invalid_idempotency_key")


def test_a_refused_request_may_be_corrected_under_its_key(client):
    assert client.post("/keys", {"name": "n", "scopes": ["nonsense"]}, "one")[0] == 400
    assert client.post("/keys", {"name": "n", "scopes": ["workspace.view"]}, "one")[0] == 201


def test_a_request_that_broke_off_is_not_carried_out_again(client):
    caller = apikeys.authenticate(client.key)
    body = b'{"name": "n", "scopes": ["workspace.view"]}'
    row, _ = idempotency.begin(caller, "one", ("POST", "/api/v1/keys", body))
    assert client.post("/keys", json.loads(body), "one")[1]["code"] == "request_running"
    row.update(actions=[IdempotentRequest.started.set(clock.now() - idempotency.RUNNING_SECONDS - 1)])
    assert client.post("/keys", json.loads(body), "one")[1]["code"] == "outcome_unknown"


def test_a_key_is_free_again_after_a_day_and_another_api_key_has_keys_of_its_own(client, monkeypatch):
    caller = apikeys.authenticate(client.key)
    request = ("POST", "/api/v1/keys", b"{}")
    row, _ = idempotency.begin(caller, "one", request)
    idempotency.finish(row, 201, "x")
    assert idempotency.begin(caller, "one", request)[1]
    other = apikeys.create(
        client.workspace_id, caller.person_id, "owner", name="other", scopes=["keys.manage"], maker=client.row.prefix
    )[0]
    assert not idempotency.begin(apikeys.authenticate(other), "one", request)[1]
    later = clock.now() + clock.DAY + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert not idempotency.begin(caller, "one", request)[1]


def test_a_request_from_before_the_secret_key_was_rotated_is_known(client, settings):
    """O1"""
    caller, request = apikeys.authenticate(client.key), ("POST", "/api/v1/keys", b"{}")
    idempotency.finish(idempotency.begin(caller, "one", request)[0], 201, "x")
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], secrets.token_urlsafe(50)
    assert idempotency.begin(caller, "one", request)[1]


def test_what_was_made_and_is_gone_is_said_to_be(client):
    body = {"email": f"{client.name}@example.com", "role": "viewer"}
    client.post("/invites", body, "one")
    for row in invites.of_workspace(client.workspace_id):
        row.delete()
    status, problem, _ = client.post("/invites", body, "one")
    assert (status, problem["code"]) == (409, "result_gone") and invites.of_workspace(client.workspace_id) == []


@pytest.mark.parametrize("path", POSTS)
def test_a_repetition_asks_for_the_scope_again(client, path):
    """A9, A10"""
    prepare(client)
    outgoing_webhooks.configure(client.workspace_id, "system", "https://shop.example/hook")
    if path.endswith("/check"):
        client.post("/domains", {"domain": f"{client.name}.example"})
    body, path_here = filled(POSTS[path][0], client), filled(path, client)
    assert client.post(path_here, body, "one")[0] < 300
    client.row.update(actions=[type(client.row).scopes.set(["workspace.view"])])
    status, problem, _ = client.post(path_here, body, "one")
    assert (status, problem["code"]) == (403, "out_of_scope")


def test_the_same_body_for_something_else_is_another_request(client):
    caller = apikeys.authenticate(client.key)
    row, _ = idempotency.begin(caller, "one", ("POST", "/api/v1/sources/shop/doctor", b"{}"))
    idempotency.finish(row, 200, "")
    for method, path in (("POST", "/api/v1/sources/attic/doctor"), ("PUT", "/api/v1/sources/shop/doctor")):
        with pytest.raises(idempotency.IdempotencyKeyReused):
            idempotency.begin(caller, "one", (method, path, b"{}"))
