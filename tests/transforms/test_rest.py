"""The REST API of images: everything of the dashboard by key, and the whole API by schema (A9, A12; no 5xx)."""

import json
import re
import secrets

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error

from accounts.keys import apikeys
from accounts.teams import roles
from accounts.workspaces import workspaces
from imgapis.base import tokens
from tests import environment
from tests.transforms.web_client import ask

COUNT = environment.count(3, 10, 100)
pytestmark = pytest.mark.usefixtures("web")


def call(key: str, method: str, path: str, body=None):
    """An exchange by key; JSON both ways."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    text = json.dumps(body) if body is not None else None
    reply = ask(None, f"/api/v1{path}", method, host="localhost", body=text, **headers)
    return reply.status, json.loads(reply.body) if reply.body else None


def create_key(scopes=tuple(roles.PERMISSIONS)) -> tuple[str, str]:
    """A workspace's key with the scopes, and the namespace."""
    person_id = tokens.random_id("p")
    row = workspaces.create(person_id, namespace=f"api-{secrets.token_hex(6)}", business_name="API")
    return apikeys.create(row.workspace_id, person_id, "owner", name="k", scopes=scopes)[0], row.namespace


@pytest.fixture
def owner(dynamodb):
    """The owner's key and namespace."""
    return create_key()


@pytest.fixture
def stranger(dynamodb):
    """The stranger's key and namespace."""
    return create_key()


def test_a_source_lives_by_rest_alone(owner, origin):
    key, namespace = owner
    web = {"name": "web", "kind": "http", "prefix": f"http://127.0.0.1:{origin.port}/"}
    lives = {"ttl": 0, "origin_cache_control": False}
    assert call(key, "POST", "/sources", web) == (201, {**web, **lives})
    assert call(key, "POST", "/sources", web)[0] == 409
    status, diagnosis = call(key, "POST", "/sources/web/doctor", {"path": "shoe.jpg"})
    assert (status, diagnosis["works"]) == (200, True)
    assert call(key, "POST", "/sources/web/doctor", {"path": "none.jpg"})[1]["code"] == "source_missing"
    assert ask(namespace, "/transform?src=web/shoe.jpg&w=19").status == 200
    assert call(key, "PATCH", "/sources/web", {"prefix": web["prefix"] + "any/"})[0] == 200
    lives = {"ttl": 3600, "origin_cache_control": True}
    status, changed = call(key, "PATCH", "/sources/web", lives)
    assert status == 200 and changed == {**web, "prefix": web["prefix"] + "any/", **lives}
    for ttl in (59, 31_536_001, -1, "1h"):
        assert call(key, "PATCH", "/sources/web", {"ttl": ttl})[0] in (400, 422)
    assert call(key, "PATCH", "/sources/web", {"ttl": 0})[1]["origin_cache_control"] is True
    assert call(key, "GET", "/sources/web")[1]["ttl"] == 0
    bounded = {**web, "name": "bounded", **lives}
    assert call(key, "POST", "/sources", bounded) == (201, bounded)
    assert call(key, "DELETE", "/sources/bounded")[0] == 204
    assert call(key, "PATCH", "/access", {"origin_cache_control": True})[1]["origin_cache_control"] is True
    assert call(key, "PATCH", "/access", {"origin_cache_control": False})[1]["origin_cache_control"] is False
    assert call(key, "DELETE", "/sources/web")[0] == 204 and call(key, "GET", "/sources")[1] == []


def test_a_secret_is_never_told(owner):
    key, _ = owner
    bucket = {"name": "b", "kind": "s3", "bucket": "pictures", "region": "eu-central-1"}
    bucket |= {"access_key": "AK", "secret_key": "canary"}
    assert call(key, "POST", "/sources", bucket)[0] == 201
    for path in ("/sources", "/sources/b", "/audit"):
        text = json.dumps(call(key, "GET", path)[1])
        assert "canary" not in text and '"AK"' not in text


def test_access_presets_and_purges(owner):
    key, _ = owner
    status, access = call(key, "PATCH", "/access", {"allowed_origins": ["*.Example.com"], "refused": "original"})
    assert (status, access["allowed_origins"], access["refused"]) == (200, ["*.example.com"], "original")
    assert call(key, "PATCH", "/access", {"refused": "cake"})[1]["code"] == "invalid_access_setting"
    assert call(key, "PUT", "/presets/card", {"query": "width=80&fit=cover&height=60"})[0] == 200
    assert call(key, "GET", "/presets")[1] == {"card": "w=80&h=60&fit=cover"}
    assert call(key, "DELETE", "/presets/card")[0] == 204 and call(key, "DELETE", "/presets/card")[0] == 404
    assert call(key, "POST", "/purges/preview", {"scope": "workspace"}) == (200, {"operations": 0})
    assert call(key, "POST", "/purges", {"scope": "workspace"})[0] == 201


def test_fallbacks_and_which_is_the_default(owner):
    key, _ = owner
    prefix = f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
    assert call(key, "POST", "/sources", {"name": "photos", "kind": "http", "prefix": prefix})[0] == 201
    status, problem = call(key, "PUT", "/fallbacks/empty", {"src": "https://cdn.example/a.png"})
    assert (status, problem["code"], problem["param"]) == (400, "invalid_fallback", "src")
    saved = {"empty": {"src": "photos/none.png", "status": "error"}}
    assert call(key, "PUT", "/fallbacks/empty", {"src": "photos/none.png"}) == (200, saved)
    saved["fine"] = {"src": "photos/none.png", "status": "200"}
    assert call(key, "PUT", "/fallbacks/fine", saved["fine"])[0] == 200
    assert call(key, "GET", "/fallbacks") == (200, saved)
    chosen = {"workspace": "empty", "sources": {"photos": "none"}}
    assert call(key, "PATCH", "/fallback-defaults", chosen) == (200, chosen)
    assert call(key, "PATCH", "/fallback-defaults", {"sources": {"photos": "fine"}})[1]["workspace"] == "empty"
    status, problem = call(key, "PATCH", "/fallback-defaults", {"sources": {"photos": "x"}})
    assert (status, problem["param"]) == (400, "sources.photos")
    assert call(key, "DELETE", "/fallbacks/fine")[1]["code"] == "fallback_in_use"
    call(key, "PATCH", "/fallback-defaults", {"workspace": "", "sources": {"photos": ""}})
    assert call(key, "DELETE", "/fallbacks/fine")[0] == 204 and call(key, "DELETE", "/fallbacks/fine")[0] == 404


def test_a_signing_key_is_shown_once(owner):
    key, _ = owner
    status, signing = call(key, "PUT", "/signing", {"required": True})
    assert status == 200 and signing["required"] and signing["key"]
    assert "key" not in call(key, "GET", "/signing")[1]
    assert len(call(key, "POST", "/signing/keys")[1]["keys"]) == 2
    assert call(key, "DELETE", f"/signing/keys/{signing['keys'][0]['id']}")[0] == 204


def test_a_domain_is_added_with_its_records_and_removed(owner, stranger):
    name = f"img-{secrets.token_hex(4)}.shop.example"
    status, domain = call(owner[0], "POST", "/domains", {"domain": name})
    assert status == 201 and {record["kind"] for record in domain["records"]} == {"TXT", "CNAME"}
    assert call(stranger[0], "GET", "/domains")[1] == []
    for method, path in (("POST", f"/domains/{name}/check"), ("DELETE", f"/domains/{name}")):
        assert call(stranger[0], method, path)[0] == 404
    assert call(owner[0], "DELETE", f"/domains/{name}")[0] == 204


SCOPES = [
    ("GET", "/sources", None, "workspace.view"),
    ("POST", "/sources", {"name": "x", "kind": "http"}, "sources.edit"),
    ("GET", "/sources/x", None, "workspace.view"),
    ("PATCH", "/sources/x", {}, "sources.edit"),
    ("DELETE", "/sources/x", None, "sources.edit"),
    ("POST", "/sources/x/doctor", {"path": "a"}, "sources.edit"),
    ("GET", "/access", None, "workspace.view"),
    ("PATCH", "/access", {}, "access.edit"),
    ("GET", "/engine", None, "workspace.view"),
    ("PATCH", "/engine", {"version": 1}, "access.edit"),
    ("GET", "/signing", None, "access.edit"),
    ("PUT", "/signing", {"required": False}, "access.edit"),
    ("POST", "/signing/keys", None, "access.edit"),
    ("DELETE", "/signing/keys/x", None, "access.edit"),
    ("GET", "/presets", None, "workspace.view"),
    ("PUT", "/presets/x", {"query": "w=1"}, "access.edit"),
    ("DELETE", "/presets/x", None, "access.edit"),
    ("GET", "/fallbacks", None, "workspace.view"),
    ("PUT", "/fallbacks/x", {"src": "shop/a.png"}, "access.edit"),
    ("DELETE", "/fallbacks/x", None, "access.edit"),
    ("GET", "/fallback-defaults", None, "workspace.view"),
    ("PATCH", "/fallback-defaults", {}, "access.edit"),
    ("POST", "/purges/preview", {"scope": "workspace"}, "cache.purge"),
    ("POST", "/purges", {"scope": "workspace"}, "cache.purge"),
    ("GET", "/domains", None, "workspace.view"),
    ("POST", "/domains", {"domain": "a.example"}, "domains.edit"),
    ("POST", "/domains/x/check", None, "domains.edit"),
    ("DELETE", "/domains/x", None, "domains.edit"),
]


@pytest.mark.parametrize(("method", "path", "body", "scope"), SCOPES)
def test_a_key_without_the_scope_is_refused(dynamodb, method, path, body, scope):
    key, _ = create_key([name for name in roles.PERMISSIONS if name != scope])
    status, problem = call(key, method, path, body)
    assert (status, problem["code"]) == (403, "out_of_scope")


def test_every_route_is_in_the_table_of_scopes(owner):
    """A9: a new route makes this fail until it is listed, here or with the accounts'."""
    schema = json.loads(ask(None, "/api/v1/openapi.json", host="localhost").body)
    routes = {
        (method.upper(), path.removeprefix("/api/v1"))
        for path, operations in schema["paths"].items()
        for method in operations
        if "images" in operations[method]["tags"]
    }
    table = {(method, path.replace("/x", "/{}")) for method, path, _, _ in SCOPES}
    assert {(method, re.sub(r"\{[a-z_]+\}", "{}", path)) for method, path in routes} == table


def schema():
    """The OpenAPI as it is served."""
    return schemathesis.openapi.from_dict(json.loads(ask(None, "/api/v1/openapi.json", host="localhost").body))


@pytest.mark.prove
def test_nothing_a_schema_can_think_of_is_a_5xx(owner):
    """Schemathesis against the OpenAPI: no 5xx."""
    key, _ = owner
    for result in schema().get_all_operations():
        _throw_at(result.ok(), key)


def _throw_at(operation, key: str) -> None:
    @hypothesis.settings(
        max_examples=COUNT,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate],
    )
    @hypothesis.given(operation.as_strategy())
    def throw(case) -> None:
        case.call_and_validate(
            base_url=f"http://127.0.0.1:{environment.WEB_PORT}",
            headers={"Authorization": f"Bearer {key}", "Host": f"localhost:{environment.WEB_PORT}"},
            checks=(not_a_server_error,),
        )

    throw()
