"""Versions of the engine: outputs say theirs, and a workspace moves to a newer one once, for nothing."""

import json

import pytest
from django.conf import settings

from accounts import audit
from accounts.models import workspaces
from billing.charging import summary
from tests.origin import picture
from tests.people import Browser, fresh_address, sign_in
from tests.transforms.test_rest import call, create_key
from tests.transforms.web_client import ask
from transforms.access import engine_version
from transforms.engine import version
from transforms.engine.request.query import Query
from transforms.serving import cache, delivery
from transforms.serving.delivery import ImageRequest
from transforms.sources import named_sources
from transforms.tenant import tenants

QUERY = "src=shop/any/drawn.jpg&w=30"


@pytest.fixture
def drawn_before(workspace, monkeypatch):
    """A workspace of before, with a picture that the first version has drawn."""
    workspaces.change(workspace, engine=1)
    with monkeypatch.context() as before:
        before.setattr(cache.CachedOutput, "__init__", _as_version_one(cache.CachedOutput.__init__))
        assert deliver(workspace).output.engine == 1
    return workspace


def _as_version_one(make):
    def made(self, *args, **facts):
        make(self, *args, **{"engine": 1, **facts})

    return made


def deliver(workspace, query: str = QUERY):
    workspace.refresh(consistent_read=True)
    tenant = tenants.of_row(workspace, workspace.namespace)
    return delivery.deliver(tenant, ImageRequest("transform", Query.parse(query), None, None, None))


def test_every_version_says_what_it_draws_otherwise():
    assert settings.ENGINE_VERSION == version.NEWEST and sorted(version.CHANGES) == list(range(1, version.NEWEST + 1))
    assert all(sentence.endswith(".") for sentences in version.CHANGES.values() for sentence in sentences)


def test_what_was_drawn_before_is_served_until_the_workspace_moves(bucket, origin, drawn_before):
    used = summary.of(drawn_before).used
    for forget in (False, True):
        if forget:
            cache.memory.clear()
        result = deliver(drawn_before)
        assert (result.cache.value, result.output.engine) == ("HIT", 1)
    fetched = origin.requests["/any/drawn.jpg"]
    engine_version.switch(drawn_before, "owner", version.NEWEST)
    result = deliver(drawn_before)
    assert (result.cache.value, result.halves, result.output.engine) == ("MISS", 0, version.NEWEST)
    assert origin.requests["/any/drawn.jpg"] == fetched + 1
    cache.memory.clear()
    assert (deliver(drawn_before).cache.value, summary.of(drawn_before).used) == ("HIT", used)


def test_other_formats_of_what_is_paid_for_stay_free_after_the_move(bucket, origin, drawn_before):
    used = summary.of(drawn_before).used
    engine_version.switch(drawn_before, "owner", version.NEWEST)
    for output_format in ("png", "jpeg", "avif"):
        assert deliver(drawn_before, f"{QUERY}&format={output_format}").halves == 0
    assert summary.of(drawn_before).used == used


def test_a_source_that_has_changed_since_is_drawn_again_for_nothing_too(bucket, origin, drawn_before):
    used = summary.of(drawn_before).used
    origin.pictures["/any/drawn.jpg"] = picture(colour="#112233")
    engine_version.switch(drawn_before, "owner", version.NEWEST)
    assert (deliver(drawn_before).halves, summary.of(drawn_before).used) == (0, used)


def test_what_is_new_in_a_workspace_of_before_is_drawn_by_the_newest(bucket, origin, workspace):
    workspaces.change(workspace, engine=1)
    assert deliver(workspace, "src=shop/any/new.jpg&w=30").output.engine == version.NEWEST


@pytest.mark.parametrize("wanted", [0, 1, version.NEWEST + 1, -1])
def test_a_workspace_moves_to_a_newer_version_and_not_back(workspace, wanted):
    workspaces.change(workspace, engine=1)
    with pytest.raises(engine_version.InvalidEngineVersion):
        engine_version.switch(workspace, "owner", wanted)
    workspace.refresh()
    assert workspace.engine == 1


def test_a_row_of_before_the_versions_is_at_the_first_and_a_new_one_at_the_newest(workspace):
    assert workspace.engine == version.NEWEST
    workspaces.change(workspace, engine=None)
    workspace.refresh()
    assert tenants.of_row(workspace, workspace.namespace).engine == 1


@pytest.mark.usefixtures("web")
def test_the_owner_moves_on_the_page_and_pictures_say_their_version(dynamodb, origin):
    browser, address = Browser(), fresh_address("moved")
    sign_in(browser, address)
    name = address.partition("@")[0]
    row = workspaces.of_namespace(name)
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    assert "Nothing older is served here." in browser.get(f"/w/{name}/purge").text
    workspaces.change(row, engine=1)
    page = browser.get(f"/w/{name}/purge").text
    assert f"Move to version {version.NEWEST}" in page and version.CHANGES[version.NEWEST][0] in page
    assert browser.post(f"/w/{name}/engine").status == 302
    assert int(workspaces.of_namespace(name).engine) == version.NEWEST
    assert audit.newest(row.workspace_id, 1)[0].act == "engine.changed"
    reply = ask(name, f"/transform?{QUERY}")
    assert reply.headers["x-img-engine"] == str(version.NEWEST)
    assert "X-Img-Engine" in reply.headers["access-control-expose-headers"]


@pytest.mark.usefixtures("web")
def test_rest_tells_the_version_and_moves(dynamodb):
    key, namespace = create_key()
    row = workspaces.of_namespace(namespace)
    workspaces.change(row, engine=1)
    status, facts = call(key, "GET", "/engine")
    assert (status, facts["version"], facts["newest"]) == (200, 1, version.NEWEST) and facts["changes"]
    assert call(key, "PATCH", "/engine", {"version": version.NEWEST})[1]["changes"] == []
    status, problem = call(key, "PATCH", "/engine", {"version": 1})
    assert (status, problem["code"], problem["param"]) == (400, "invalid_engine_version", "version")
    assert json.dumps(problem)
