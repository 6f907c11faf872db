"""A request for a copy: staff mail the person a link that works in the person's own session alone (P17, P21)."""

import re

import pytest

from accounts import audit
from imgapis.base import clock
from imgapis.policy import requests
from tests.accounts import teams
from tests.people import Browser, fresh_address, mails, sign_in

pytestmark = pytest.mark.usefixtures("web")
WHY = {"reason": "The customer asked by mail"}
LINK = re.compile(r"http://[^/\s]+(/\S+)")


@pytest.fixture
def copy_request(web):
    """(person, request): a person and their request for a copy."""
    person = teams.new_person("copied")
    return person, requests.record(law="gdpr", kind="access", address=person.email, received=clock.now())


def links_to(address: str) -> list[str]:
    """The paths of the links in the newest mail to an address."""
    return LINK.findall(mails(address)[-1].get_body().get_content())


def test_the_person_takes_the_copy_and_staff_cannot(team, copy_request):
    """P21: the act is recorded in the request's log and in the person's, before the mail leaves."""
    person, request = copy_request
    path = f"/admin/act/request/{request.request_id}/export/"
    assert path in team["support"].get(f"/admin/request/{request.request_id}/").text
    assert team["support"].submit(path, WHY).status == 302
    link = next(link for link in links_to(person.email) if len(link) > 40)
    browser = Browser()
    sign_in(browser, person.email)
    page = browser.get(link)
    assert page.status == 200 and page.body.startswith(b"PK")
    assert team["support"].get(link).status == 404 and team["admin"].get(link).status == 404
    for log_id in (requests.log_of(request.request_id), audit.log_of_person(person.person_id)):
        entry = audit.newest(log_id, 1)[0]
        assert (entry.act, entry.reason) == ("export.offered", WHY["reason"]) and entry.actor.startswith("staff:")


@pytest.mark.parametrize("state", ["closed", "another kind", "no account"])
def test_no_link_leaves_where_no_copy_is_asked_for(state, team, copy_request):
    person, request = copy_request
    if state == "closed":
        requests.close(request.request_id, "done")
    if state == "another kind":
        request = requests.record(law="gdpr", kind="question", address=person.email, received=clock.now())
    if state == "no account":
        request = requests.record(law="gdpr", kind="access", address=fresh_address("none"), received=clock.now())
    mail_count = len(mails(person.email))
    page = team["support"].submit(f"/admin/act/request/{request.request_id}/export/", WHY)
    assert page.status == 404 and len(mails(person.email)) == mail_count


def test_a_role_without_the_right_has_no_such_act(team, copy_request):
    """A17"""
    _person, request = copy_request
    assert team["billing"].submit(f"/admin/act/request/{request.request_id}/export/", WHY).status == 403
