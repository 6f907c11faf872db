"""H5: a new workspace pays for its own sources alone; that it pays for any site is confirmed. Nobody learns its lists
who may not ask for a picture."""

import json
import re
from urllib.parse import quote

import pytest

from accounts import audit
from accounts.models import workspaces
from accounts.people import people
from billing.charging import summary
from tests.accounts import teams
from tests.people import Browser, fresh_address, sign_in
from tests.transforms.test_rest import call, create_key
from tests.transforms.web_client import ask
from transforms.access import access_settings, signing_keys
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web")
BANNER = "Anybody can have pictures of any site made through this workspace"


@pytest.fixture
def owner(dynamodb):
    """The owner, signed in, with a workspace as it is when it is new: the browser and the namespace."""
    browser, address = Browser(), fresh_address("named")
    sign_in(browser, address)
    return browser, address.partition("@")[0]


def row_of(namespace: str):
    return workspaces.of_namespace(namespace)


def external(origin) -> str:
    return "/transform?src=" + quote(f"http://127.0.0.1:{origin.port}/shoe.jpg", safe="") + "&w=31"


def access(**changes) -> dict:
    return {"allowed_origins": "*", "allowed_sources": "", "refused": "402", "act": "save"} | changes


def test_a_new_workspace_reads_no_full_url_and_says_what_to_do(owner, origin):
    _, name = owner
    reply = ask(name, external(origin))
    problem = json.loads(reply.body)
    assert (reply.status, problem["code"], problem["param"]) == (403, "source_not_allowed", "src")
    assert problem["detail"] == (
        "This workspace reads no full URLs. Make 127.0.0.1 one of its sources, or add it to the external sources that"
        " are allowed."
    )
    assert summary.of(row_of(name)).used == 0


def test_a_host_that_is_named_needs_no_confirmation(owner, origin):
    browser, name = owner
    assert browser.submit(f"/w/{name}/access", access(allowed_sources="127.0.0.1")).status == 302
    assert row_of(name).allowed_sources == ["127.0.0.1"] and BANNER not in browser.get(f"/w/{name}/access").text
    assert ask(name, external(origin)).status == 200


def test_any_site_is_asked_twice_and_its_price_is_said(owner, origin):
    browser, name = owner
    page = browser.submit(f"/w/{name}/access", access(allowed_sources="*", refused="original"))
    assert page.status == 400 and "up to 1,000 credits. Name the hosts you need" in page.text
    assert (row_of(name).allowed_sources, row_of(name).refused) == ([], "402")
    assert re.search(r"<textarea[^>]*name=.allowed_sources[^>]*>\s*\*", page.text), "what was typed is gone"
    assert browser.post(f"/w/{name}/access", access(allowed_sources="*", confirm_any_source="on")).status == 302
    assert row_of(name).allowed_sources == ["*"] and BANNER not in browser.get(f"/w/{name}/").text
    assert ask(name, external(origin)).status == 200
    assert audit.page(row_of(name).workspace_id).rows[0].act == "access.changed"


def test_overage_that_any_site_can_cost_is_said(owner):
    browser, name = owner
    workspaces.change(row_of(name), plan="starter", allowance=20_000, overage=True, period_end=4e9)
    page = browser.submit(f"/w/{name}/access", access(allowed_sources="*"))
    bill = summary.of(row_of(name))
    assert bill.room > 0
    assert f"of which ${bill.plan.overage_cents(bill.room) / 100:,.2f} of overage" in page.text


def test_a_workspace_that_always_read_any_site_goes_on_and_is_told_until_it_decides(owner, origin):
    browser, name = owner
    workspaces.change(row_of(name), allowed_sources=["*"])
    assert ask(name, external(origin)).status == 200
    assert BANNER in browser.get(f"/w/{name}/").text and BANNER in browser.get(f"/w/{name}/usage").text
    assert browser.submit(f"/w/{name}/access", access(allowed_sources="*", refused="original")).status == 302
    assert BANNER in browser.get(f"/w/{name}/").text, "saving something else is no confirmation"
    browser.submit(f"/w/{name}/access", access(allowed_sources="*", confirm_any_source="on"))
    assert BANNER not in browser.get(f"/w/{name}/").text
    browser.submit(f"/w/{name}/access", access(allowed_sources=""))
    assert row_of(name).any_source_confirmed == 0, "a confirmation outlived what it confirmed"


def test_a_teammate_who_may_not_change_it_is_told_too(owner):
    _, name = owner
    workspaces.change(row_of(name), allowed_sources=["*"])
    browser, address = Browser(), fresh_address("onlooker")
    sign_in(browser, address)
    teams.add(row_of(name), people.of_email(address), "viewer")
    assert BANNER in browser.get(f"/w/{name}/access").text
    assert browser.submit(f"/w/{name}/access", access(confirm_any_source="on")).status == 403


def test_rest_asks_for_the_confirmation_by_name(dynamodb):
    key, _ = create_key()
    assert call(key, "GET", "/access")[1]["allowed_sources"] == []
    status, problem = call(key, "PATCH", "/access", {"allowed_sources": ["cdn.example", "*"]})
    assert (status, problem["code"], problem["param"]) == (409, "any_source_unconfirmed", "confirm_any_source")
    assert call(key, "GET", "/access")[1]["allowed_sources"] == []
    assert call(key, "PATCH", "/access", {"allowed_sources": ["*"], "confirm_any_source": True})[0] == 200
    assert call(key, "PATCH", "/access", {"allowed_sources": ["*"]})[0] == 200, "what stays is not asked again"
    assert call(key, "PATCH", "/access", {"refused": "original"})[1]["allowed_sources"] == ["*"]


def without_instance(reply) -> tuple[int, bytes]:
    return reply.status, re.sub(rb'"(instance|request_id)": ?"[^"]*"', b"", reply.body)


def asked_of(name: str, origin, **headers: str) -> dict[str, set]:
    """By path: the answers of a named source, of one that is not there, of a host that is allowed and of another."""
    named, unnamed = "shop/shoe.jpg", "none/shoe.jpg"
    here, elsewhere = (quote(f"http://{host}/shoe.jpg", safe="") for host in ("127.0.0.1", "other.example"))
    paths = [
        f"{prefix}/{endpoint}"
        for prefix in ("", "/explain")
        for endpoint in ("transform", "info", "placeholder/color", "placeholder/blurhash")
    ]
    return {
        path: {without_instance(ask(name, f"{path}?src={src}", **headers)) for src in (named, unnamed, here, elsewhere)}
        for path in paths
    }


def closed(name: str, origin, **changes):
    """A workspace with a source and an allowed host, before anybody has asked it for a picture."""
    row = row_of(name)
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    access_settings.change(row, "owner", allowed_sources=["127.0.0.1"], **changes)
    return row_of(name)


def test_another_site_learns_no_source_and_no_host(owner, origin):
    """One answer to every `src`, quotes included."""
    _, name = owner
    closed(name, origin, allowed_origins=["shop.example"])
    for path, answers in asked_of(name, origin, Origin="https://thief.example").items():
        assert len(answers) == 1 and next(iter(answers))[0] == 403, path


def test_who_has_no_signature_learns_no_source_and_no_host(owner, origin):
    """One answer to every `src`, quotes included."""
    _, name = owner
    signing_keys.turn_on(closed(name, origin), "owner")
    for path, answers in asked_of(name, origin).items():
        assert len(answers) == 1 and next(iter(answers))[0] == 403, path


def test_presets_only_tells_no_source_to_who_asks_for_another_size(owner, origin):
    _, name = owner
    row = row_of(name)
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    access_settings.change(row, "owner", presets_only=True)
    replies = {
        without_instance(ask(name, f"{p}/transform?src={s}/shoe.jpg&w=9"))
        for p in ("", "/explain")
        for s in ("shop", "none")
    }
    assert len(replies) == 1
