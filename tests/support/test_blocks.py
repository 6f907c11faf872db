"""H25: what staff have blocked after a report is served in no form, cached or not, and its owners are told why."""

import json
import time
from urllib.parse import quote

import pytest

from accounts import audit
from accounts.models import workspaces
from accounts.people import people
from billing.charging import summary
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from imgapis.base.mail.rows import OutgoingMail
from imgapis.privacy import registry
from tests import environment
from tests.people import Browser, fresh_address, mails, sign_in
from tests.transforms.web_client import ask
from transforms.engine.request.query import Query
from transforms.models import blocks as block_rows
from transforms.models import sources
from transforms.serving import blocks, delivery, image_plans
from transforms.serving.delivery import ImageRequest
from transforms.sources import named_sources
from transforms.tenant import tenants

pytestmark = pytest.mark.usefixtures("web")
WHY = "A right holder has written, and is right"
FORMS = (
    "/transform?src={}&w=41",
    "/transform?src={}&w=42&format=webp",
    "/info?src={}",
    "/placeholder/color?src={}",
    "/grid?src={}&src=shop/any/innocent.jpg&w=40&h=20",
)


@pytest.fixture
def place(dynamodb, origin):
    """The owner, signed in, and a workspace with a source: `browser`, `namespace`, `address` and `row()`."""
    browser, address = Browser(), fresh_address("accused")
    sign_in(browser, address)
    browser.namespace, browser.address = address.partition("@")[0], address
    row = workspaces.of_namespace(browser.namespace)
    workspaces.change(row, allowed_sources=["127.0.0.1"])
    prefix = f"http://127.0.0.1:{origin.port}/"
    named_sources.create(row.workspace_id, name="shop", kind="http", prefix=prefix)
    browser.row = lambda: workspaces.of_namespace(browser.namespace)
    return browser


def act(staff: Browser, place, name: str, **fields: str):
    """A staff act on the workspace through the front door."""
    return staff.submit(f"/admin/act/workspace/{place.row().workspace_id}/{name}/", {"reason": WHY, **fields})


def statuses(place, src: str) -> set[int]:
    """What every form of an original is answered with."""
    return {ask(place.namespace, form.format(quote(src, safe="/"))).status for form in FORMS}


def test_a_reported_address_blocks_its_original_in_every_form_and_no_other(place, team, origin):
    reported = f"http://{place.namespace}.localhost:{environment.WEB_PORT}/transform?src=shop/any/bad.jpg&w=41"
    assert statuses(place, "shop/any/bad.jpg") == {200}, "cached before"
    used = summary.of(place.row()).used
    page = act(team["support"], place, "block", scope="picture", target=reported)
    assert page.status == 302, page.text
    time.sleep(tenants.FRESH_SECONDS + 0.1)  # what is promised of time is the subject of the test
    assert statuses(place, "shop/any/bad.jpg") == {451}, "whichever server answers"
    reply = ask(place.namespace, "/transform?src=shop/any/bad.jpg&w=41")
    problem = json.loads(reply.body)
    assert (problem["code"], reply.headers["x-img-credits"]) == ("picture_blocked", "0")
    assert ask(place.namespace, "/transform?src=shop/any/good.jpg&w=41").status == 200
    assert ask(place.namespace, "/explain/transform?src=shop/any/bad.jpg&w=41").status == 451
    assert summary.of(place.row()).used - used == 2, "the innocent one alone is charged"


def code_of_plan(place, src: str) -> str:
    """What a server that has just read the workspace says to a transform of `src`: a code, or nothing."""
    try:
        image_plans.make(
            tenants.of_row(place.row(), place.namespace), "transform", Query.parse(f"src={src}&w=44"), None, None
        )
    except ApiError as refusal:
        return refusal.code
    return ""


def test_an_edited_source_stays_blocked(place, team):
    row = place.row()
    key = {"access_key": "AKIDEXAMPLE", "secret_key": "secret"}
    source = named_sources.create(
        row.workspace_id, name="cellar", kind="s3", bucket="cellar", region="eu-west-1", **key
    )
    act(team["support"], place, "block", scope="picture", target="/transform?src=cellar/any/bad.jpg&w=41")
    named_sources.change(source, access_key="AKIDOTHER", secret_key="other")
    assert code_of_plan(place, "cellar/any/bad.jpg") == "picture_blocked"
    assert code_of_plan(place, "cellar/any/bad.jpg2") == code_of_plan(place, "shop/any/bad.jpg") == ""


def test_a_blocked_source_stays_blocked_when_it_is_led_elsewhere(place, team):
    """H24, H25: its owner may edit it, and staff alone lift the block."""
    row, fields = place.row(), {"kind": "s3", "region": "eu-west-1", "access_key": "AKIDEXAMPLE", "secret_key": "x"}
    source = named_sources.create(row.workspace_id, name="cellar", bucket="cellar", **fields)
    act(team["support"], place, "block", scope="source", target="cellar")
    named_sources.change(source, bucket="attic")
    assert code_of_plan(place, "cellar/any/bad.jpg") == "picture_blocked"
    assert code_of_plan(place, "shop/any/bad.jpg") == ""


@pytest.mark.parametrize(
    "src",
    [
        "shop/any/bad.jpg",
        "shop/any//bad.jpg",
        "http://127.0.0.1:{port}/any/bad.jpg",
        "http://127.0.0.1:{port}/any/bad.jpg?x=1",
        "http://127.0.0.1:{port}/any/bad.jpg?",
        "twin/any/bad.jpg",
    ],
)
def test_another_spelling_and_another_source_of_the_same_place_are_blocked_too(place, team, origin, src):
    act(team["support"], place, "block", scope="picture", target="/transform?src=shop/any/bad.jpg&w=41")
    prefix = f"http://127.0.0.1:{origin.port}/"
    named_sources.create(place.row().workspace_id, name="twin", kind="http", prefix=prefix)
    assert code_of_plan(place, quote(src.format(port=origin.port), safe="/")) == "picture_blocked"


def test_a_blocked_source_that_is_made_anew_stays_blocked(place, team, origin):
    act(team["support"], place, "block", scope="source", target="shop")
    (source,) = sources.of_workspace(place.row().workspace_id)
    named_sources.delete(source, "owner")
    prefix = f"http://127.0.0.1:{origin.port}/any/"
    named_sources.create(place.row().workspace_id, name="shop", kind="http", prefix=prefix)
    named_sources.create(place.row().workspace_id, name="other", kind="http", prefix=prefix)
    assert code_of_plan(place, "shop/bad.jpg") == code_of_plan(place, "other/bad.jpg") == "picture_blocked"


def test_the_mark_over_a_reported_picture_is_not_blocked(place, team):
    act(
        team["support"],
        place,
        "block",
        scope="picture",
        target="/transform?src=shop/any/bad.jpg&mark=shop/any/logo.png",
    )
    assert code_of_plan(place, "shop/any/bad.jpg") == "picture_blocked"
    assert (
        code_of_plan(place, "shop/any/logo.png")
        == code_of_plan(place, "shop/any/good.jpg&mark=shop/any/logo.png")
        == ""
    )


def test_a_picture_that_is_blocked_while_it_is_made_is_neither_answered_nor_charged(place, bucket, origin, monkeypatch):
    """The block comes after the plan and before the charge."""
    tenant = tenants.of_row(place.row(), place.namespace)
    render = delivery._render

    def blocked_meanwhile(*args):
        output = render(*args)
        blocks.block(place.row(), "staff:p_x", "picture", "/transform?src=shop/any/late.jpg&w=41", WHY)
        tenants.clear_cache()
        return output

    monkeypatch.setattr(delivery, "_render", blocked_meanwhile)
    used = summary.of(place.row()).used
    with pytest.raises(ApiError) as caught:
        delivery.deliver(tenant, ImageRequest("transform", Query.parse("src=shop/any/late.jpg&w=41"), None, None, None))
    assert caught.value.code == "picture_blocked" and summary.of(place.row()).used == used


def test_owners_are_told_what_and_why_and_see_it_on_their_page(place, team):
    act(team["admin"], place, "block", scope="prefix", target="shop/any/summer/")
    (message,) = [each for each in mails(place.address) if "blocked" in each["Subject"]]
    text = message.get_content()
    assert "shop/any/summer/" in text and WHY in text
    page = place.get(f"/w/{place.namespace}/access")
    assert "Blocked by support" in page.text and "shop/any/summer/" in page.text and WHY in page.text
    entry = audit.page(place.row().workspace_id).rows[0]
    assert (entry.act, entry.reason, entry.target) == ("picture.blocked", WHY, "prefix")


def test_an_export_and_an_erasure_find_the_mail_of_a_block(place, monkeypatch):
    """D6: it holds an address of a picture, and waits in the outbox while no mail server answers."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)
    person_id = people.of_email(place.address).person_id
    blocks.block(place.row(), "staff:p_x", "prefix", "shop/any/summer/", WHY)
    people.change_email(people.of_email(place.address), fresh_address("moved"))
    (holding,) = [each for each in registry.HOLDINGS if each.row is OutgoingMail]
    for kind, owner_id in (("workspace", place.row().workspace_id), ("person", person_id)):
        rows = registry.find(kind, holding)(owner_id)
        assert "emails/blocked.txt" in [row.template for row in rows], kind


@pytest.mark.parametrize(
    ("scope", "target", "hit", "missed"),
    [
        ("prefix", "shop/any/summer/", "shop/any/summer/a.jpg", "shop/any/winter/a.jpg"),
        ("source", "shop", "shop/any/a.jpg", None),
        ("prefix", "http://127.0.0.1:{port}/any/winter/", "http://127.0.0.1:{port}/any/winter/b.jpg", "shop/any/b.jpg"),
    ],
)
def test_each_scope_stops_what_it_names(place, team, origin, scope, target, hit, missed):
    hit, target = hit.format(port=origin.port), target.format(port=origin.port)
    assert act(team["support"], place, "block", scope=scope, target=target).status == 302
    assert statuses(place, hit) == {451}
    assert missed is None or ask(place.namespace, f"/transform?src={missed}&w=43").status == 200


def test_a_lifted_block_serves_again(place, team):
    act(team["support"], place, "block", scope="source", target="shop")
    assert statuses(place, "shop/any/c.jpg") == {451}
    (rule,) = block_rows.of_workspace(place.row().workspace_id)
    assert act(team["support"], place, "lift", rule=rule.rule_id).status == 302
    assert code_of_plan(place, "shop/any/c.jpg") == ""
    assert [entry.act for entry in audit.newest(place.row().workspace_id, 1)] == ["picture.unblocked"]
    assert block_rows.of_workspace(place.row().workspace_id) == []


@pytest.mark.parametrize(
    ("scope", "target", "sentence"),
    [
        ("source", "none", "no source named"),
        ("prefix", "none/", "no source named"),
        ("picture", "https://other.example/transform?src=a/b.jpg", "not one of this workspace's hosts"),
        ("picture", "/nowhere", "Paste an address"),
    ],
)
def test_what_names_nothing_is_refused_by_its_field(place, team, scope, target, sentence):
    page = act(team["support"], place, "block", scope=scope, target=target)
    assert page.status == 400 and sentence in page.text
    assert block_rows.of_workspace(place.row().workspace_id) == []


def test_billing_staff_and_teammates_block_nothing(place, team):
    assert act(team["billing"], place, "block", scope="source", target="shop").status == 403
    mate, address = Browser(), fresh_address("mate")
    sign_in(mate, address)
    assert act(mate, place, "block", scope="source", target="shop").status in (302, 403, 404)
    assert block_rows.of_workspace(place.row().workspace_id) == []


def test_the_site_says_where_abuse_is_reported(web):
    page = Browser().get("/")
    assert 'href="/abuse"' in page.text
    assert "abuse" in Browser().get("/abuse").text
