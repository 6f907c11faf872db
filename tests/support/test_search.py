"""The search box redirects to the page for any id, address or name that a customer gives."""

from datetime import UTC, datetime

import pytest
from django.contrib.admin.utils import quote

from accounts.keys import apikeys
from accounts.people import people
from accounts.teams import invites
from billing.models import Customer, StripeEvent
from imgapis.base import clock, tokens
from imgapis.models import Erasure
from imgapis.policy import requests
from imgapis.privacy import scheduling
from telemetry import events
from tests.accounts import teams
from tests.people import fresh_address
from tests.telemetry.made_events import some
from tests.transforms.domain_world import fresh_domain
from transforms.domains import custom_domains

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture(scope="module")
def world(web):
    """The ids of a workspace, its owner, and one object of every kind the search box knows."""
    owner = teams.new_person("found")
    row = teams.new_workspace(owner)
    domain = custom_domains.add(row.workspace_id, fresh_domain(), owner.person_id).domain
    (event,) = some(row.workspace_id, 1, clock.now() - 60, clock.now(), seed=7)
    events.write([event])
    request = requests.record(law="gdpr", kind="access", address=owner.email, received=clock.now())
    Customer("cus_Found1", workspace_id=row.workspace_id).save(condition=Customer.is_absent())
    fields = {"kind": "invoice.paid", "outcome": "acted", "created": 1, "moment": 1, "expires": datetime.now(UTC)}
    StripeEvent("evt_Found1", workspace_id=row.workspace_id, **fields).save(StripeEvent.is_absent())
    invite = invites.invite(teams.place(row, owner), fresh_address("guest"), "viewer")
    api_key, key_row = apikeys.create(row.workspace_id, owner.person_id, "owner", name="ci", scopes=["workspace.view"])
    erased_id = tokens.random_id("ws")
    scheduling.create(Erasure(erased_id, kind="workspace", state="scheduled", asked=1, due=2**31, counts={}))
    return {
        "owner": owner,
        "row": row,
        "domain": domain,
        "event": event.event_id,
        "quoted": quote(f"{row.workspace_id}~{event.event_id}"),
        "request": request,
        "invite": invite.invite_id,
        "written": api_key,
        "key": key_row.prefix,
        "erased": erased_id,
        "quoted_erased": quote(erased_id),
    }


@pytest.mark.parametrize(
    ("text", "page"),
    [
        ("{owner.email}", "/admin/person/{owner.person_id}/"),
        ("{owner.person_id}", "/admin/person/{owner.person_id}/"),
        ("{row.namespace}", "/admin/workspace/{row.workspace_id}/"),
        ("  {row.workspace_id} ", "/admin/workspace/{row.workspace_id}/"),
        ("cus_Found1", "/admin/workspace/{row.workspace_id}/"),
        ("{domain}", "/admin/workspace/{row.workspace_id}/"),
        ("{row.namespace}/{event}", "/admin/telemetry/eventpage/{quoted}/change/"),
        ("{request.request_id}", "/admin/request/{request.request_id}/"),
        ("{key}", "/admin/workspace/{row.workspace_id}/"),
        ("img_{key}", "/admin/workspace/{row.workspace_id}/"),
        ("{written}", "/admin/workspace/{row.workspace_id}/"),
        ("{row.workspace_id}.{invite}.secret", "/admin/workspace/{row.workspace_id}/"),
        ("https://localhost/invites/{row.workspace_id}.{invite}.secret", "/admin/workspace/{row.workspace_id}/"),
        ("evt_Found1", "/admin/workspace/{row.workspace_id}/"),
        ("{row.namespace}.localhost", "/admin/workspace/{row.workspace_id}/"),
        ("http://{row.namespace}.localhost:8000/transform?src=a@b/c.jpg&w=8", "/admin/workspace/{row.workspace_id}/"),
        ("https://{domain}/transform?src=shop/shoe.jpg", "/admin/workspace/{row.workspace_id}/"),
        ("https://localhost/w/{row.namespace}/sources/new", "/admin/workspace/{row.workspace_id}/"),
        ("https://localhost/w/{row.namespace}/usage/{event}", "/admin/telemetry/eventpage/{quoted}/change/"),
        ("{erased}", "/admin/imgapis/erasurepage/{quoted_erased}/change/"),
    ],
)
def test_the_box_leads_to_the_page(text, page, world, team):
    team["support"].get("/admin/")
    response = team["support"].post("/admin/find/", {"q": text.format(**world)})
    assert response.location == page.format(**world), response.text[-1500:]
    assert team["support"].get(response.location).status == 200


@pytest.mark.parametrize(
    "text",
    [
        "nobody@example.com",
        "no-such-space",
        "",
        "@",
        "evt_x",
        "a b c",
        "ws_/../x",
        "\x00",
        "x" * 9_000,
        ".localhost",
        "http://",
        "http://[",
        "https://" + "x" * 3_000,
        "img_aaaaaaaaaa",
        "ws_a.b.c",
        "sub_",
        "p_" * 199,
        "/w/x",
    ],
)
def test_what_is_not_ours_is_said_to_be_so(text, team):
    page = team["support"].post("/admin/find/", {"q": text})
    assert page.status == 404 and "Nothing of ours" in page.text


def test_an_address_stands_in_no_address_bar(team):
    assert team["support"].get("/admin/find/?q=a@example.com").status == 405
    assert people.of_email("nobody@example.com") is None
