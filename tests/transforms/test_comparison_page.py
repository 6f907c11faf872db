"""The page that compares engine versions: what an owner, a teammate and a stranger see of it."""

import re

import pytest
from django.conf import settings
from PIL import Image

from accounts.models import workspaces
from accounts.people import people
from billing.charging import summary
from imgapis.tables import row_classes
from tests import environment, stored
from tests.accounts import teams
from tests.people import Browser, fresh_address, sign_in
from tests.transforms.old_pictures import OLD, encoded, plant
from tests.transforms.web_client import ask
from transforms.access import engine_version
from transforms.engine import version
from transforms.serving.scheduling import free_work
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web")
ADDRESS = "/transform?src=shop/any/page.jpg&w=40&format=png"
PICTURES = re.compile(r'<img src="(data:[a-z/]+;base64,[^"]+)"')


@pytest.fixture
def owner(dynamodb, origin):
    """The browser and the workspace of an owner of before, with a picture that an older version drew."""
    browser, address = Browser(), fresh_address("compares")
    sign_in(browser, address)
    row = workspaces.of_namespace(address.partition("@")[0])
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=f"http://127.0.0.1:{origin.port}/")
    workspaces.change(row, engine=OLD)
    plant(row, ADDRESS, encoded(Image.new("RGB", (40, 25), "#c00")))
    return browser, row


def path_of(row) -> str:
    return f"/w/{row.namespace}/purge/compare"


def teammate(row, role: str) -> Browser:
    browser, address = Browser(), fresh_address(role)
    sign_in(browser, address)
    teams.add(row, people.of_email(address), role)
    return browser


def test_the_page_is_linked_where_the_version_is_switched_and_says_that_no_list_is_kept(owner):
    browser, row = owner
    assert path_of(row) in browser.get(f"/w/{row.namespace}/purge").text
    page = browser.get(path_of(row))
    assert page.status == 200 and "No address is kept here" in page.text
    assert f"This workspace is at version {OLD}." in page.text


@pytest.mark.parametrize("whole", [True, False], ids=["the whole address", "path and query"])
def test_the_owner_sees_both_pictures_the_figures_and_the_verdict(owner, whole):
    browser, row = owner
    host = f"http://{row.namespace}.localhost:{environment.WEB_PORT}" if whole else ""
    page = browser.submit(path_of(row), {"target": host + ADDRESS})
    assert page.status == 200 and "A visible difference" in page.text
    assert f"Stored, by version {OLD}" in page.text and "This is served today" in page.text
    assert f"New, by version {version.NEWEST}" in page.text and "40 × 25 pixels" in page.text
    assert len(set(PICTURES.findall(page.text))) == 3, "old, new and the difference"
    for name in ("Median", "99th percentile", "Maximum", "Pixels above 2"):
        assert name in page.text
    assert f"Move to version {version.NEWEST}" in page.text


def test_a_comparison_is_stored_and_charged_nowhere_and_changes_nothing(owner):
    """P04, P05: the address is in no row either."""
    browser, row = owner
    address = ADDRESS.replace("page.jpg", "unheard-of.jpg")
    plant(row, address, encoded(Image.new("RGB", (40, 25), "#c00")))
    page = browser.submit(path_of(row), {"target": address})
    assert page.status == 200 and page.headers["cache-control"] == "no-store"
    assert summary.of(row).used == 0
    assert not any(stored.items(table.Meta.table_name, "unheard-of") for table in row_classes.registered())
    reply = ask(row.namespace, address)
    assert (reply.headers["x-img-engine"], reply.headers["x-img-cache"]) == (str(OLD), "HIT")


def test_it_changes_nothing_by_get(owner):
    browser, row = owner
    page = browser.get(f"{path_of(row)}?target={ADDRESS}")
    assert page.status == 200 and "Nothing compared yet" in page.text


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_every_teammate_may_compare_and_is_offered_what_the_role_allows(owner, role):
    _, row = owner
    browser = teammate(row, role)
    page = browser.submit(path_of(row), {"target": ADDRESS})
    assert page.status == 200 and "A visible difference" in page.text
    assert (f"Move to version {version.NEWEST}" in page.text) == (role == "admin")
    assert ("Back to the engine" in page.text) == (role == "admin")


def test_to_a_stranger_the_page_does_not_exist(owner):
    """A9."""
    _, row = owner
    browser, address = Browser(), fresh_address("stranger")
    sign_in(browser, address)
    assert browser.get(path_of(row)).status == 404
    assert browser.post(path_of(row), {"target": ADDRESS}).status == 404
    assert Browser().get(path_of(row)).location.startswith("/login")


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("", "Paste the address of one of your pictures"),
        ("https://example.com/transform?src=shop/shoe.jpg", "not one of this workspace's hosts"),
        ("/transform?src=shop/any/page.jpg&w=wide", "w must be"),
        ("/info?src=shop/any/page.jpg", "no picture to compare"),
    ],
)
def test_an_address_that_is_none_is_refused_at_the_field_and_stays(owner, target, sentence):
    browser, row = owner
    page = browser.submit(path_of(row), {"target": target})
    assert page.status == 400 and sentence in page.text
    assert not target or f'value="{target}"' in page.text


def test_what_has_no_old_picture_says_why_and_what_to_do(owner):
    browser, row = owner
    page = browser.submit(path_of(row), {"target": "/transform?src=shop/any/never.jpg&w=40"})
    assert page.status == 200 and "Nothing is stored for this address" in page.text
    assert "Paste the address of a picture that your site has shown." in page.text
    plant(row, ADDRESS, encoded(Image.new("RGB", (40, 25))), engine=version.NEWEST)
    page = browser.submit(path_of(row), {"target": ADDRESS})
    assert f"This picture was drawn by version {version.NEWEST} already" in page.text


def test_after_the_move_it_does_not_say_that_the_old_picture_is_served(owner):
    browser, row = owner
    engine_version.switch(row, "owner", version.NEWEST)
    page = browser.submit(path_of(row), {"target": ADDRESS})
    assert f"Stored, by version {OLD}" in page.text and "Not served any more" in page.text
    assert f"Move to version {version.NEWEST}" not in page.text and "stored until it expires" in page.text


def test_without_free_work_left_the_page_says_so(owner):
    """H13: the budget is of the host, whichever process spends it."""
    browser, row = owner
    free_work.note(row.workspace_id, 2 * settings.FREE_WORK_PER_MINUTE)
    page = browser.submit(path_of(row), {"target": ADDRESS})
    assert page.status == 400 and "more free work (quotes, HEAD requests, tests of sources, comparisons" in page.text


def test_pictures_as_data_are_allowed_on_this_page_alone(owner):
    """P09."""
    browser, row = owner
    policies = [browser.get(path).headers["content-security-policy"] for path in (path_of(row), f"/w/{row.namespace}/")]
    assert ["data:" in policy for policy in policies] == [True, False]
    assert policies[0].replace(" data:", "") == policies[1]
