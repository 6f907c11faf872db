"""The playground: an address, its price before the picture is made, the picture, and the code; by GET, no script."""

import html
import re
from urllib.parse import urlencode, urlsplit

import pytest

from accounts.models import workspaces as workspace_rows
from accounts.workspaces import workspaces
from billing.charging import summary
from imgapis.site import playground, sample_source, snippets
from tests import environment, people
from tests.people import Browser
from tests.transforms.web_client import ask
from transforms.access import access_settings, fallbacks, presets, signing_keys
from transforms.models import sources
from transforms.sources import named_sources

pytestmark = pytest.mark.usefixtures("web")
YEAR = 365 * 86_400
LANGUAGES = ("HTML", "Next.js", "curl", "CSS", "Markdown", "Python")
SHOE = {"src": "shop/shoe.jpg", "w": "80"}


def ensure_source(workspace_id: str, name: str) -> None:
    """Create a source on the origin, unless there is one of that name."""
    if sources.find(workspace_id, name) is None:
        named_sources.create(
            workspace_id, name=name, kind="http", prefix=f"http://127.0.0.1:{environment.ORIGIN_PORT}/"
        )


@pytest.fixture
def demo(dynamodb):
    """The demo workspace with its samples."""
    row = workspace_rows.of_namespace(playground.DEMO) or workspaces.create_unowned(
        namespace=playground.DEMO, allowance=1_000
    )
    ensure_source(row.workspace_id, sample_source.NAME)


@pytest.fixture
def owner():
    """(browser, workspace) of a signed-in owner with the source `shop`."""
    browser, address = people.person("player")
    row = workspace_rows.of_namespace(address.partition("@")[0])
    ensure_source(row.workspace_id, "shop")
    return browser, row


def open_playground(browser: Browser, row, **fields: str) -> people.Page:
    """The playground of a workspace with these form fields."""
    return browser.get(f"/w/{row.namespace}/playground?{urlencode(fields)}")


def pictures(page: people.Page) -> list[str]:
    """The addresses the page loads as pictures."""
    return [html.unescape(address) for address in re.findall(r'<img src="([^"]+)"', page.body.decode())]


def used_halves(row) -> int:
    """The half-credits charged to the workspace in this period."""
    return summary.of(workspace_rows.find(row.workspace_id)).used


def test_the_public_page_shows_a_picture_its_price_and_six_languages(demo):
    """P16: no cookie, and no session behind it."""
    reply = ask(None, "/playground", host="localhost")
    text = html.unescape(reply.body.decode())
    assert reply.status == 200 and "set-cookie" not in reply.headers
    assert "/transform?src=samples/astronaut.png&w=600&h=400&fit=cover" in text
    assert all(f"<summary>{language}</summary>" in text for language in LANGUAGES)
    assert "<script" not in re.sub(r'<script src="/static/site[^"]*" defer></script>', "", text)


def test_the_public_page_shows_the_samples_alone(demo):
    query = urlencode({"src": "https://elsewhere.example/a.jpg", "w": "80"})
    reply = ask(None, f"/playground?{query}", host="localhost")
    assert reply.status == 400 and b"the samples alone" in reply.body and b"<img" not in reply.body


def test_what_a_picture_costs_is_told_before_it_is_made(owner):
    browser, row = owner
    page = open_playground(browser, row, **SHOE)
    assert page.status == 200 and "Not made yet" in page.text and "charges at most 1 credit" in page.text
    assert pictures(page) == [] and used_halves(row) == 0
    picture_page = open_playground(browser, row, **SHOE, make="1")
    (address,) = pictures(picture_page)
    parts = urlsplit(address)
    picture = ask(row.namespace, f"{parts.path}?{parts.query}")
    assert picture.status == 200 and used_halves(row) == 2
    later_page = open_playground(browser, row, **SHOE)
    assert pictures(later_page) == [address] and "hits are free" in later_page.text and used_halves(row) == 2


def test_the_link_to_share_opens_the_same_form(owner):
    browser, row = owner
    page = open_playground(browser, row, **SHOE, fit="", more="rotate=90&grayscale=1")
    share_url = re.search(r'data-copy="(http[^"]*/playground[^"]*)"', page.body.decode())[1]
    parts = urlsplit(html.unescape(share_url))
    assert "fit=" not in parts.query
    shared_page = browser.get(f"{parts.path}?{parts.query}")
    assert 'value="rotate=90&grayscale=1"' in shared_page.text
    assert "/transform?src=shop/shoe.jpg&w=80&rotate=90&grayscale=1" in shared_page.text


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"w": "0"}, "w", "a whole number from 1 to 8192"),
        ({"fit": "stretch"}, "fit", "contain, cover, fill or pad"),
        ({"more": "rotate=45"}, "more", "rotate"),
        ({"more": "witdh=5"}, "more", "witdh"),
        ({"more": "w=90"}, "more", "given twice"),
        ({"src": "none/a.jpg"}, "src", "none"),
    ],
)
def test_what_the_image_api_refuses_is_told_at_its_field(owner, fields, field, sentence):
    browser, row = owner
    page = open_playground(browser, row, **{**SHOE, **fields})
    field_error = re.search(rf'id="{field}_error">([^<]*)<', page.text)
    assert page.status == 400 and field_error and sentence in field_error[1], page.text
    assert pictures(page) == [] and "A refusal costs nothing" in page.text


def test_code_and_price_know_the_size_of_an_original_once_info_was_asked(owner):
    """H4: the picture has 320 x 200 pixels."""
    browser, row = owner
    fields = {"src": "shop/any/sized.jpg", "w": "400"}
    page = open_playground(browser, row, **fields)
    assert "dpr=2" in page.text and "at most 1 credit" in page.text
    ask(row.namespace, "/info?src=shop/any/sized.jpg")
    page = open_playground(browser, row, **fields)
    assert "dpr=2" not in page.text and "at most" not in page.text and snippets.SMALL in page.text
    assert "dpr=2" in open_playground(browser, row, **{**fields, "w": "200"}).text
    assert snippets.SMALL in open_playground(browser, row, **{**fields, "w": "5000"}).text


def test_a_preset_is_chosen_by_its_name(owner):
    browser, row = owner
    assert 'id="preset"' not in open_playground(browser, row).text
    presets.save(row.workspace_id, "system", "card", "w=64&h=64&fit=cover")
    page = open_playground(browser, row, src="shop/shoe.jpg", preset="card")
    assert "/transform?src=shop/shoe.jpg&preset=card" in page.text and "h=64" in page.text


def test_a_fallback_is_chosen_by_its_name_and_refused_where_there_is_none(owner):
    browser, row = owner
    assert 'id="fallback"' not in open_playground(browser, row).text
    page = open_playground(browser, row, **SHOE, more="fallback=empty")
    assert page.status == 400 and "has no fallback 'empty'" in html.unescape(page.text)
    fallbacks.save(row.workspace_id, "system", "empty", "shop/hat.png")
    page = open_playground(browser, row, **SHOE, fallback="empty")
    assert page.status == 200 and "/transform?src=shop/shoe.jpg&w=80&fallback=empty" in page.text


def test_presets_only_and_signing_hold_here_too(owner):
    browser, row = owner
    access_settings.change(row, "system", presets_only=True)
    assert open_playground(browser, row, **SHOE).status == 400
    access_settings.change(workspace_rows.find(row.workspace_id), "system", presets_only=False)
    signing_keys.turn_on(workspace_rows.find(row.workspace_id), "system")
    page = open_playground(browser, row, **SHOE, make="1")
    assert "not signed yet" in page.text and pictures(page) == []


def test_nothing_that_is_typed_becomes_markup(owner):
    """A18"""
    browser, row = owner
    payload = '"><script>alert(1)</script>'
    page = open_playground(browser, row, src="shop/" + payload, more="x=" + payload)
    assert b"<script>alert" not in page.body


@pytest.mark.parametrize(
    ("why_free", "at_most", "lifetime", "price", "remark"),
    [
        ("an alias of a picture you have", True, YEAR, "nothing", "an alias of a picture you have"),
        (None, False, YEAR, "2 credit", "once a year, however often it is seen"),
        (None, False, 600, "2 credit", "each time it is made, however often it is seen"),
        (
            None,
            True,
            YEAR,
            "at most 2 credit",
            "once a year, however often it is seen; nothing if the original is so small that it comes to a picture you"
            " have",
        ),
    ],
)
def test_a_price_is_a_phrase_and_a_remark(why_free, at_most, lifetime, price, remark):
    result = playground.PlaygroundResult(
        address="",
        quote={"why_free": why_free, "credits": 2, "lifetime": lifetime},
        at_most=at_most,
        shown=False,
        signed=False,
        share="",
        codes=[],
    )
    assert (result.price, result.price_remark) == (price, remark)
