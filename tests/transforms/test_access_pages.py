"""The pages of access, signing, presets and purges: every act through the front door, and what is typed wrong stays."""

import json
import re

import pytest

from accounts import audit
from accounts.models import workspaces
from accounts.people import people
from tests.accounts import teams
from tests.people import Browser, fresh_address, sign_in
from tests.transforms.signer import signed
from tests.transforms.web_client import ask
from transforms.models import purges as purge_rows
from transforms.serving import purges
from transforms.sources import named_sources

KEY = re.compile(r"[0-9a-f]{6}\.[A-Za-z0-9_-]{43}")


@pytest.fixture(scope="module")
def owner(web, origin):
    """The owner, signed in, with a workspace whose source is the origin: the browser and the row's reader."""
    browser, address = Browser(), fresh_address("access")
    namespace = sign_in(browser, address) and address.partition("@")[0]
    row = workspaces.of_namespace(namespace)
    workspaces.change(row, allowed_sources=["*"])
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    return browser, namespace


def row_of(namespace: str):
    return workspaces.of_namespace(namespace)


def acts(namespace: str) -> list[str]:
    return [entry.act for entry in audit.page(row_of(namespace).workspace_id).rows]


def access(**changes) -> dict:
    fields = {"allowed_origins": "*", "allowed_sources": "*", "refused": "402", "act": "save"}
    return fields | changes


def test_the_lists_are_saved_in_their_canonical_form(owner):
    browser, name = owner
    page = browser.submit(
        f"/w/{name}/access",
        access(allowed_origins="Shop.Example\r\n*.shop.example\r\nshop.example", refused="original"),
    )
    assert page.status == 302 and acts(name)[0] == "access.changed"
    row = row_of(name)
    assert (row.allowed_origins, row.allowed_sources, row.refused) == (
        ["shop.example", "*.shop.example"],
        ["*"],
        "original",
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"allowed_origins": "https://shop.example/path"}, "is not an origin"),
        ({"allowed_sources": "shop.example\r\n*shop.example"}, "is not a host"),
        ({"refused": "free"}, "Select a valid choice"),
    ],
)
def test_a_wrong_line_is_named_and_what_was_typed_stays(owner, changes, sentence):
    browser, name = owner
    before = row_of(name)
    page = browser.submit(f"/w/{name}/access", access(**changes))
    entry = next(iter(changes.values())).replace("\r\n", "\n")
    assert page.status == 400 and sentence in page.text
    assert entry == "free" or entry in page.text.replace("\r\n", "\n")
    assert row_of(name).allowed_origins == before.allowed_origins


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"allowed_origins": "*.shop.example", "try_origin": "https://www.shop.example"},
            "is allowed by *.shop.example",
        ),
        ({"allowed_origins": "*.shop.example", "try_origin": "https://shop.example"}, "fits no line"),
        ({"allowed_sources": "cdn.example", "try_source": "https://cdn.example/a.jpg"}, "is allowed by cdn.example"),
        ({"allowed_sources": "cdn.example", "try_source": "https://cdn.example.evil.test/"}, "fits no line"),
    ],
)
def test_an_example_is_tried_against_what_is_typed_and_nothing_is_saved(owner, changes, sentence):
    browser, name = owner
    before = row_of(name)
    page = browser.submit(f"/w/{name}/access", access(act="try", **changes))
    assert page.status == 200 and sentence in re.sub(r"<[^>]+>", "", page.text)
    assert row_of(name).allowed_origins == before.allowed_origins


def test_signing_is_turned_on_rotated_ended_and_turned_off(owner, web):
    browser, name = owner
    page = browser.submit(f"/w/{name}/signing", {"act": "require"})
    first_key = KEY.search(page.text)[0]
    picture = "/transform?src=shop/shoe.jpg&w=70"
    assert (ask(name, picture).status, ask(name, signed(first_key, picture)).status) == (403, 200)
    assert first_key not in browser.get(f"/w/{name}/signing").text
    second_key = KEY.search(browser.post(f"/w/{name}/signing", {"act": "rotate"}).text)[0]
    assert [key["id"] for key in row_of(name).signing_keys] == [second_key[:6], first_key[:6]]
    assert browser.post(f"/w/{name}/signing", {"act": "end", "key": first_key[:6]}).status == 302
    assert browser.post(f"/w/{name}/signing", {"act": "end", "key": second_key[:6]}).status == 409
    assert browser.post(f"/w/{name}/signing", {"act": "off"}).status == 302
    assert row_of(name).signing == "off" and acts(name)[:2] == ["signing.changed", "signing.rotated"]


def test_presets_are_saved_deleted_and_made_the_only_ones(owner):
    browser, name = owner
    assert browser.submit(f"/w/{name}/presets", {"name": "card", "query": "w=0"}).status == 400
    page = browser.submit(f"/w/{name}/presets", {"name": "card", "query": "wdith=40&fit=cover"})
    assert "Did you mean" in page.text and "wdith=40&fit=cover" in page.text
    assert browser.submit(f"/w/{name}/presets", {"name": "card", "query": "q=70&width=40"}).status == 302
    assert "w=40&quality=70" in browser.get(f"/w/{name}/presets").text
    assert browser.post(f"/w/{name}/presets/only", {"only": "1"}).status == 302 and row_of(name).presets_only
    assert browser.post(f"/w/{name}/presets/only", {"only": "0"}).status == 302 and not row_of(name).presets_only
    assert browser.post(f"/w/{name}/presets/card/delete").status == 302
    assert browser.post(f"/w/{name}/presets/card/delete").status == 404


def test_fallbacks_are_saved_chosen_by_default_and_deleted(owner):
    browser, name = owner
    page = browser.submit(f"/w/{name}/fallbacks", {"name": "empty", "src": "shop", "status": "error"})
    assert page.status == 400 and "names the source shop but no file in it" in page.text
    fields = {"name": "empty", "src": "shop/hat.png", "status": "200"}
    assert browser.submit(f"/w/{name}/fallbacks", fields).status == 302
    assert "shop/hat.png" in browser.get(f"/w/{name}/fallbacks").text
    chosen = {"workspace": "empty", "sources.shop": "none"}
    assert browser.post(f"/w/{name}/fallbacks/defaults", chosen | {"workspace": "other"}).status == 400
    assert browser.post(f"/w/{name}/fallbacks/defaults", chosen).status == 302
    assert (row_of(name).fallback, acts(name)[0]) == ("empty", "fallback.defaults")
    assert browser.post(f"/w/{name}/fallbacks/empty/delete").status == 302
    assert "is used by this workspace by default" in browser.get(f"/w/{name}/fallbacks").text
    browser.post(f"/w/{name}/fallbacks/defaults", {"workspace": "", "sources.shop": ""})
    assert browser.post(f"/w/{name}/fallbacks/empty/delete").status == 302
    assert browser.post(f"/w/{name}/fallbacks/empty/delete").status == 404


def test_a_purge_is_counted_first_and_done_only_when_asked_for(owner):
    browser, name = owner
    form = {"scope": "prefix", "target": "shop/", "act": "count"}
    page = browser.submit(f"/w/{name}/purge", form)
    count = purges.preview(row_of(name), "prefix", "shop/")
    assert (f"At most {count} billed" if count else "Nothing billed is left") in page.text
    assert purge_rows.of_workspace(row_of(name).workspace_id) == []
    assert browser.post(f"/w/{name}/purge", form | {"act": "purge"}).status == 302
    assert [rule.target for rule in purge_rows.of_workspace(row_of(name).workspace_id)] == ["shop/"]
    assert "shop/" in browser.get(f"/w/{name}/purge").text and acts(name)[0] == "cache.purged"
    invalid_page = browser.submit(f"/w/{name}/purge", form | {"target": "nowhere/"})
    assert invalid_page.status == 400 and "no source named" in invalid_page.text and "nowhere/" in invalid_page.text


def test_a_viewer_sees_the_lists_and_changes_nothing(owner):
    _, name = owner
    browser, address = Browser(), fresh_address("looker")
    sign_in(browser, address)
    row = row_of(name)
    teams.add(row, people.of_email(address), "viewer")
    page = browser.get(f"/w/{name}/access")
    assert page.status == 200 and "<textarea" not in page.text
    assert browser.submit(f"/w/{name}/access", access()).status == 403
    assert browser.get(f"/w/{name}/purge").status == 403


def test_a_problem_names_the_page_that_explains_it(owner, web):
    _, name = owner
    problem = json.loads(ask(name, "/transform?src=shop/shoe.jpg&blur=none").body)
    assert problem["type"].endswith(f"/docs/errors#{problem['code']}")


def test_full_urls_follow_the_cache_control_of_their_originals_where_the_page_says_so(owner):
    """P08: off until it is checked."""
    browser, namespace = owner
    assert 'name="origin_cache_control"' in browser.get(f"/w/{namespace}/access").text
    for choice, expected in (({"origin_cache_control": "on"}, True), ({}, False)):
        reply = browser.post(f"/w/{namespace}/access", access(**choice))
        assert reply.status == 302 and row_of(namespace).origin_cache_control is expected
