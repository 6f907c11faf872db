"""Erasures by staff on a request by mail; by two of them if others are affected; up to the certificate (P19)."""

import pytest

from accounts import audit
from accounts.models import Member, members, people
from imgapis.base import clock
from imgapis.models import erasures
from imgapis.policy import requests
from imgapis.privacy import certificates, erasure
from tests.accounts import teams
from tests.people import Browser, sign_in

pytestmark = pytest.mark.usefixtures("web")
WHY = {"reason": "The customer asked by mail"}
DAY = 86_400


@pytest.fixture
def customer(web):
    """(owner, workspace): a person and a workspace with no other member."""
    owner = teams.new_person("erased")
    return owner, teams.new_workspace(owner)


def act(browser, kind: str, subject: str, name: str):
    """Submit the form of a staff action; returns the response."""
    return browser.submit(f"/admin/act/{kind}/{subject}/{name}/", WHY)


def run_erasure(subject_id: str):
    """Run both sweeps, without the day between them; returns the erasure row."""
    for _ in range(2):
        row = erasures.find(subject_id)
        erasures.change(row, row.state, due=0)
        erasure._claim_and_run(erasures.find(subject_id))
    return erasures.find(subject_id)


def test_a_request_ends_in_a_certificate(team, customer, bucket, stripe_stub):
    """P21: recorded, the workspace and the account erased, the request closed with the certificate."""
    owner, workspace = customer
    received = clock.now() - 3 * DAY
    request = requests.record(law="gdpr", kind="delete", address=owner.email, received=received)
    assert act(team["support"], "request", request.request_id, "erase").status == 409, "their workspace first"
    assert act(team["support"], "workspace", workspace.workspace_id, "erase").status == 302
    assert act(team["support"], "request", request.request_id, "erase").status == 302
    assert erasures.find(owner.person_id).asked == int(received), "the days count from the mail"
    erasure_rows = [run_erasure(subject) for subject in (workspace.workspace_id, owner.person_id)]
    assert [row.state for row in erasure_rows] == ["done", "done"] and people.find(owner.person_id) is None
    assert certificates.verify(dict(erasure_rows[1].certificate))["subject"] == owner.person_id
    page = team["support"].submit(f"/admin/act/request/{request.request_id}/close/", {"outcome": "done", **WHY})
    closed_request = requests.of_id(request.request_id)
    assert page.status == 302 and (closed_request.state, closed_request.certificate) == ("done", owner.person_id)
    assert closed_request.address is None


def test_with_others_in_it_a_workspace_wants_two_of_us(team, customer):
    _owner, workspace = customer
    Member(workspace.workspace_id, "p_other", role="viewer", joined=clock.now()).save()
    for _ in range(2):
        assert act(team["support"], "workspace", workspace.workspace_id, "erase").status == 302
        assert erasures.find(workspace.workspace_id) is None, "one of us twice is one of us"
    path = f"/admin/workspace/{workspace.workspace_id}/"
    assert "A colleague asked for its erasure" in team["admin"].get(path).text
    assert act(team["admin"], "workspace", workspace.workspace_id, "erase").status == 302
    assert erasures.find(workspace.workspace_id).state == "scheduled"
    assert len(members.of_workspace(workspace.workspace_id)) == 2
    page_text = team["support"].get(path).text
    assert "Erasure is asked for: it begins on" in page_text and "A colleague asked for its erasure" not in page_text
    acts = [entry.act for entry in audit.newest(workspace.workspace_id, 5)]
    assert acts[:2] == ["erasure.asked", "erasure.proposed"]


def test_what_was_taken_back_wants_two_again(team, customer):
    _owner, workspace = customer
    Member(workspace.workspace_id, "p_other", role="viewer", joined=clock.now()).save()
    for role in ("support", "admin"):
        act(team[role], "workspace", workspace.workspace_id, "erase")
    assert act(team["support"], "workspace", workspace.workspace_id, "keep").status == 302
    assert erasures.find(workspace.workspace_id).state == "undone"
    act(team["admin"], "workspace", workspace.workspace_id, "erase")
    assert erasures.find(workspace.workspace_id).state == "undone"


def test_the_owner_reads_it_and_may_take_it_back(team, customer):
    owner, workspace = customer
    act(team["support"], "workspace", workspace.workspace_id, "erase")
    browser = Browser()
    sign_in(browser, owner.email)
    assert WHY["reason"] in browser.get(f"/w/{workspace.namespace}/audit").text
    browser.get(f"/w/{workspace.namespace}/data")
    assert browser.post(f"/w/{workspace.namespace}/data/keep").status == 302
    assert erasures.find(workspace.workspace_id).state == "undone"


def test_staff_find_an_erasure_by_its_opaque_id(team, customer):
    _owner, workspace = customer
    act(team["support"], "workspace", workspace.workspace_id, "erase")
    run_erasure(workspace.workspace_id)
    team["support"].get("/admin/")
    page = team["support"].post("/admin/find/", {"q": workspace.workspace_id})
    assert page.status == 302 and "erasure" in page.location
    assert team["support"].get(page.location).status == 200
