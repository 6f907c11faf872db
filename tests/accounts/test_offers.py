"""The invitations that the page of workspaces lists: all that are open, by pages, whatever strangers send (H11)."""

import re

import pytest

from accounts.models import InvitedAddress
from accounts.teams import invites, offers
from imgapis.base import clock
from tests import people
from tests.accounts import teams
from tests.accounts.test_held_invites import browser, workspace_of

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture(autouse=True)
def moment(monkeypatch):
    """A clock that a test sets, and that stands at noon."""
    now = [clock.now() // clock.DAY * clock.DAY + 43_200]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


@pytest.fixture
def small_pages(monkeypatch):
    """Pages of two invitations, of at most six that are looked at."""
    for name, number in (("BATCH", 2), ("LEAST_SHOWN", 2), ("MOST_READ", 6)):
        monkeypatch.setattr(offers, name, number)


def invite_from(inviter, guest, moment):
    """Invite somebody to another workspace of the inviter's, a second after everything before; the open invite."""
    moment[0] += 1
    return invites.invite(workspace_of(inviter)[1], guest.email, "viewer")


def add_ended(guest, count: int, moment) -> None:
    """Write so many entries, newer than every other, of invitations that are over."""
    ends = clock.utc(int(moment[0]))
    with InvitedAddress.batch_write() as batch:
        for number in range(count):
            sent = moment[0] + 1 + number
            batch.save(InvitedAddress(guest.email, f"ws_over{number}", invite_id="over", sent=sent, expires=ends))


def form_of(row) -> str:
    """The form by which an invitation is accepted, in the page."""
    return f'action="/invites/{row.workspace_id}/{row.invite_id}"'


def addresses(guest) -> list[str]:
    """The ids of the invitations that are listed under somebody's address, open or not."""
    return [row.invite_id for row in InvitedAddress.query(guest.email, consistent_read=True)]


def all_pages(guest, path: str = "/workspaces") -> list[str]:
    """The page of workspaces, and those that its link to older invitations leads to."""
    client, pages = browser(guest), []
    while path:
        pages.append(people.as_shown(client.get(path).content.decode()))
        older = re.search(r'href="(\?[^"]*cursor=[^"]+)"', pages[-1])
        path = "/workspaces" + older[1].replace("&amp;", "&") if older else ""
    return pages


def test_a_flood_from_as_many_strangers_as_one_likes_hides_no_invitation(moment):
    """Twenty workspaces that invited an address pushed every earlier one off the page."""
    guest = teams.new_person("guest")
    genuine = invite_from(teams.new_person("owner"), guest, moment)
    for number in range(21):
        invite_from(teams.new_person(f"stranger{number}"), guest, moment)
    assert form_of(genuine) in "".join(all_pages(guest))


def test_the_pages_hold_every_open_invitation_once_the_newest_first(moment, small_pages):
    guest = teams.new_person("guest")
    rows = [invite_from(teams.new_person(f"owner{number}"), guest, moment) for number in range(5)]
    pages = all_pages(guest)
    assert [re.findall(r'action="/invites/[^"/]+/([^"]+)"', page) for page in pages if "/invites/" in page] == [
        [row.invite_id for row in pair] for pair in (rows[:2:-1], rows[2:0:-1], rows[:1])
    ]


def test_an_invitation_that_was_sent_again_is_among_the_newest(moment, small_pages):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    _, member = workspace_of(owner)
    first = invites.invite(member, guest.email, "viewer")
    for number in range(3):
        invite_from(teams.new_person(f"stranger{number}"), guest, moment)
    moment[0] += 1
    invites.resend(member, first.invite_id)
    assert form_of(first) in all_pages(guest)[0] and addresses(guest).count(first.invite_id) == 1


def test_of_one_inviter_a_few_are_shown_with_the_number_of_the_others_and_a_link_to_all(moment):
    guest, agency = teams.new_person("guest"), teams.new_person("agency")
    rows = [invite_from(agency, guest, moment) for _ in range(5)]
    other = invite_from(teams.new_person("owner"), guest, moment)
    (page,) = all_pages(guest)
    assert [form_of(row) in page for row in rows] == [False] * 2 + [True] * 3 and form_of(other) in page
    assert "2 more invitations from the same person" in page and agency.person_id not in page
    link = re.search(r'href="(\?inviter_of=[^"]+)"', page)[1]
    (page,) = all_pages(guest, "/workspaces" + link)
    assert all(form_of(row) in page for row in rows) and form_of(other) not in page
    assert "more invitation" not in page


def test_the_invitations_of_one_inviter_are_found_between_those_of_others(moment, small_pages):
    guest, agency = teams.new_person("guest"), teams.new_person("agency")
    oldest = invite_from(agency, guest, moment)
    for number in range(7):
        invite_from(teams.new_person(f"stranger{number}"), guest, moment)
    newest = invite_from(agency, guest, moment)
    pages = "".join(all_pages(guest, f"/workspaces?inviter_of={newest.workspace_id}.{newest.invite_id}"))
    assert pages.count('action="/invites/') == 2 and form_of(oldest) in pages and form_of(newest) in pages


@pytest.mark.parametrize("reference", ["none", "ws_none.none", "."])
def test_who_names_no_invitation_of_their_own_is_answered_as_for_none(reference):
    """A9"""
    assert browser(teams.new_person("guest")).get(f"/workspaces?inviter_of={reference}").status_code == 404


def test_the_invitation_of_somebody_else_names_no_inviter(moment):
    """A9"""
    row = invite_from(teams.new_person("owner"), teams.new_person("guest"), moment)
    path = f"/workspaces?inviter_of={row.workspace_id}.{row.invite_id}"
    assert browser(teams.new_person("stranger")).get(path).status_code == 404


def test_a_cursor_of_somebody_else_is_refused(moment, small_pages):
    guest = teams.new_person("guest")
    for number in range(3):
        invite_from(teams.new_person(f"owner{number}"), guest, moment)
    cursor = re.search(r"cursor=([^\"&]+)", browser(guest).get("/workspaces").content.decode())[1]
    assert browser(guest).get(f"/workspaces?cursor={cursor}").status_code == 200
    assert browser(teams.new_person("stranger")).get(f"/workspaces?cursor={cursor}").status_code == 400


def test_a_revoked_invitation_leaves_nothing_under_its_address(moment):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    _, member = workspace_of(owner)
    row = invites.invite(member, guest.email, "viewer")
    invites.revoke(member, row.invite_id)
    assert addresses(guest) == []


def test_revoking_an_older_duplicate_leaves_the_open_invitation_listed(moment):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    row = invites.invite(member, guest.email, "viewer")
    older = invites.find(workspace.workspace_id, row.invite_id)
    older.invite_id = "0-older"
    older.save()
    invites.revoke(member, "0-older")
    assert addresses(guest) == [row.invite_id]


def test_an_accepted_invitation_and_one_of_a_member_leave_nothing_under_their_address(moment):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    for is_member in (False, True):
        workspace, member = workspace_of(owner)
        row = invites.invite(member, guest.email, "viewer")
        if is_member:
            teams.add(workspace, guest, "viewer")
        invites.accept_offer(workspace.workspace_id, row.invite_id, guest)
        assert addresses(guest) == []


def test_what_stands_under_an_address_ends_with_its_invitation(moment):
    guest = teams.new_person("guest")
    row = invite_from(teams.new_person("owner"), guest, moment)
    (address,) = InvitedAddress.query(guest.email, consistent_read=True)
    assert address.expires.timestamp() == int(row.ends)


def test_a_page_reads_so_many_and_no_more_whatever_stands_under_an_address(moment, small_pages):
    """What is over may stand there until DynamoDB has deleted it."""
    guest = teams.new_person("guest")
    genuine = invite_from(teams.new_person("owner"), guest, moment)
    add_ended(guest, 14, moment)
    first = offers.page(guest)
    assert first.rows == [] and first.cursor
    pages = all_pages(guest)
    assert [form_of(genuine) in page for page in pages] == [False, False, True]


def test_a_page_without_an_open_invitation_says_that_there_may_be_older_ones(moment, small_pages):
    guest = teams.new_person("guest")
    add_ended(guest, 7, moment)
    assert "Older invitations" in people.as_shown(browser(guest).get("/workspaces").content.decode())
    assert "Invitations" not in browser(teams.new_person("new")).get("/workspaces").content.decode()
