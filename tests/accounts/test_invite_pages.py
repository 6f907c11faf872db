"""Inviting and joining over HTTP: two people, their mails, and a scanner that reads them first (A11)."""

import pytest

from accounts.people import people
from accounts.teams import invites
from tests.accounts import teams
from tests.people import Browser, fresh_address, mails, sign_in, sign_in_by_code

pytestmark = pytest.mark.usefixtures("web")


@pytest.fixture(scope="module")
def owner(web) -> Browser:
    """The browser of a signed-in owner."""
    browser = Browser()
    browser.address = fresh_address("inviter")
    sign_in(browser, browser.address)
    return browser


@pytest.fixture
def workspace(owner):
    """A workspace of the owner's."""
    return teams.new_workspace(people.of_email(owner.address))


def invite_link(owner: Browser, workspace, address: str, role: str = "viewer") -> str:
    """Invite an address on the team page; returns the path of the link in the mail."""
    page = owner.submit(f"/w/{workspace.namespace}/team", {"email": address, "role": role})
    assert page.location == f"/w/{workspace.namespace}/team"
    return f"/invites/{teams.newest_token(address)}"


def test_a_new_person_joins_by_the_link_and_answers_one_question(owner, workspace):
    """A11: the link, the code, the age, and a click; no workspace of their own is asked for."""
    address = fresh_address("guest")
    link, guest = invite_link(owner, workspace, address), Browser()
    assert guest.get(link).location.startswith("/login?next=/invites/")
    page = sign_in_by_code(guest, address, after=link)
    assert page.status == 200 and "as <strong>viewer" in page.text
    assert 'href="/w/' not in guest.get("/workspaces").text
    assert guest.submit(link).location == f"/w/{workspace.namespace}/"
    assert teams.place(workspace, people.of_email(address)).role == "viewer"
    page = guest.get(f"/w/{workspace.namespace}/")
    assert page.status == 200 and f"/w/{workspace.namespace}/team" in page.text
    assert f"/w/{workspace.namespace}/settings" not in page.text


def test_reading_the_link_ten_times_changes_nothing(owner, workspace):
    """A11: mail scanners open links, also with the invited person's session."""
    address = fresh_address("guest")
    link, guest = invite_link(owner, workspace, address), Browser()
    sign_in(guest, address)
    assert [reader.get(link).status for reader in (guest, Browser()) for _ in range(5)] == [200] * 5 + [302] * 5
    assert teams.place(workspace, people.of_email(address)) is None
    assert guest.submit(link).status == 302


def test_somebody_else_sees_neither_the_workspace_nor_the_role(owner, workspace):
    """A11: forwarded, and used by another address."""
    link, thief = invite_link(owner, workspace, fresh_address("guest")), Browser()
    sign_in(thief, fresh_address("thief"))
    for page in (thief.get(link), thief.post(link)):
        assert page.status == 404 and "cannot be used" in page.text and workspace.namespace not in page.text


def test_a_used_link_says_the_same_as_one_that_never_was(owner, workspace):
    """A11"""
    address = fresh_address("guest")
    link, guest = invite_link(owner, workspace, address), Browser()
    sign_in(guest, address)
    guest.submit(link)
    pages = [guest.get(path) for path in (link, "/invites/ws_none.none.none")]
    assert [page.status for page in pages] == [404, 404]
    assert pages[0].text.replace(pages[0].headers["x-request-id"], "") == pages[1].text.replace(
        pages[1].headers["x-request-id"], ""
    )


def test_a_link_accepts_nothing_without_the_form_token(owner, workspace):
    """A8"""
    address = fresh_address("guest")
    link, guest = invite_link(owner, workspace, address), Browser()
    sign_in(guest, address)
    assert guest.post(link, {"csrfmiddlewaretoken": "x" * 64}).status == 403
    assert guest.post(link, Origin="https://evil.test").status == 403
    assert teams.place(workspace, people.of_email(address)) is None


def test_open_invites_are_listed_sent_again_and_revoked(owner, workspace):
    address = fresh_address("guest")
    link = invite_link(owner, workspace, address)
    (row,) = invites.pending(workspace.workspace_id)
    base = f"/w/{workspace.namespace}/invites/{row.invite_id}"
    assert address in owner.get(f"/w/{workspace.namespace}/team").text
    assert owner.post(base + "/resend").status == 302 and len(mails(address)) == 2
    assert f"/invites/{teams.newest_token(address)}" != link
    assert owner.post(base + "/revoke").status == 302
    assert address not in owner.get(f"/w/{workspace.namespace}/team").text
    assert owner.post(base + "/resend").status == 404


@pytest.mark.parametrize("address", ["", "nobody", "a@b.com\nBcc:x@y.zz", "<script>@example.com"])
def test_a_wrong_address_is_told_at_its_field_and_what_was_typed_stays(owner, workspace, address):
    """A5"""
    page = owner.submit(f"/w/{workspace.namespace}/team", {"email": address, "role": "viewer"})
    assert page.status == 400 and 'class="error"' in page.text and b"<script>@" not in page.body
    assert invites.pending(workspace.workspace_id) == []


def test_the_page_is_the_same_for_an_address_with_an_account_and_one_without(owner, workspace):
    """A4"""
    known_address = people.create(fresh_address("known")).email
    responses = []
    for address in (known_address, fresh_address("unknown")):
        page = owner.submit(f"/w/{workspace.namespace}/team", {"email": address, "role": "viewer"})
        responses.append((page.status, page.location))
    assert responses[0] == responses[1]


def test_the_log_is_paged_and_shows_words(owner, workspace):
    """The page adds the addresses of current members; the log has ids alone."""
    invite_link(owner, workspace, fresh_address("guest"))
    page = owner.get(f"/w/{workspace.namespace}/audit")
    assert "invited somebody" in page.text and "role: viewer" in page.text and owner.address in page.text
    assert owner.get(f"/w/{workspace.namespace}/audit?cursor=none").status == 400
