"""An address is mailed so many invitations; strangers use up none of what is kept for others, and whoever invites is
told where a mail was held back (H11, A20)."""

import pytest
from django.conf import settings
from django.test import Client

from accounts import api
from accounts.models import workspaces
from accounts.sessions import throttles
from accounts.teams import invites, team_changes
from imgapis.base import clock
from imgapis.base.mail import mail
from tests.accounts import teams
from tests.people import fresh_address, mails, new_session

pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture(autouse=True)
def moment(monkeypatch):
    """A clock that stands at noon, so that no counter starts again in the middle of a test."""
    now = [clock.now() // clock.DAY * clock.DAY + 43_200]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


def workspace_of(person) -> tuple:
    """A workspace of somebody's, and their membership."""
    workspace = teams.new_workspace(person)
    return workspace, teams.place(workspace, person)


def use_up(email: str) -> None:
    """Have strangers mail an address as many invitations as everybody together may."""
    for _ in range(throttles.MAILS_PER_ADDRESS):
        throttles.free_at("invite", email, throttles.MAILS_PER_ADDRESS)
    assert throttles.free_at("invite", email, throttles.MAILS_PER_ADDRESS)


def browser(person) -> Client:
    """A browser where somebody is signed in."""
    client = Client(headers={"host": "localhost"})
    client.cookies[settings.SESSION_COOKIE_NAME] = new_session(person)
    return client


def test_the_workspaces_of_one_stranger_leave_mails_to_everybody_else():
    """Five workspaces of a stranger used up the mails of an hour."""
    email, stranger = fresh_address("guest"), teams.new_person("stranger")
    for _ in range(7):
        invites.invite(workspace_of(stranger)[1], email, "viewer")
    assert len(mails(email)) == invites.MAILS_PER_INVITER < throttles.MAILS_PER_ADDRESS
    invites.invite(workspace_of(teams.new_person("owner"))[1], email, "viewer")
    assert len(mails(email)) == invites.MAILS_PER_INVITER + 1


def test_whatever_strangers_send_the_first_mail_of_another_workspace_goes():
    email = fresh_address("guest")
    use_up(email)
    row = invites.invite(workspace_of(teams.new_person("owner"))[1], email, "viewer")
    assert row.mail_held_until is None and len(mails(email)) == 1


def test_strangers_with_many_accounts_do_not_fill_a_mailbox():
    """A20"""
    email = fresh_address("flooded")
    use_up(email)
    stranger = teams.new_person("stranger")
    for _ in range(3):
        invites.invite(workspace_of(stranger)[1], email, "viewer")
    assert len(mails(email)) == 1, "once a day for a person, whatever the number of workspaces"
    for _ in range(invites.RESERVED_MAILS):
        throttles.allow_today("invite reserve", email, invites.RESERVED_MAILS)
    row = invites.invite(workspace_of(teams.new_person("another"))[1], email, "viewer")
    assert row.mail_held_until and len(mails(email)) == 1


def test_who_invites_is_told_that_the_mail_was_held_back_and_until_when(moment):
    email, owner = fresh_address("guest"), teams.new_person("owner")
    use_up(email)
    workspace, member = workspace_of(owner)
    invites.invite(member, email, "viewer")
    page = browser(owner).post(f"/w/{workspace.namespace}/team", {"email": email, "role": "viewer"}, follow=True)
    sentence = "no mail of it was sent, because this address was mailed as many invitations as we send"
    text = page.content.decode()
    assert sentence in text and "on its way" not in text
    assert text.count("from 13:00 UTC on") == 2, "in the message, and beside the invitation"
    moment[0] += 3_601
    (row,) = invites.pending(workspace.workspace_id)
    page = browser(owner).post(f"/w/{workspace.namespace}/invites/{row.invite_id}/resend", follow=True)
    assert "on its way again" in page.content.decode() and "held back" not in page.content.decode()
    assert len(mails(email)) == 2


def test_a_link_that_was_mailed_goes_on_to_work_when_the_next_mail_is_held_back():
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    token = teams.invited(workspace, owner, guest.email, "viewer")
    use_up(guest.email)
    throttles.allow_today("invite reserve", f"{workspace.workspace_id} {guest.email}", 1)
    assert invites.invite(member, guest.email, "developer").mail_held_until
    assert invites.accept(token, guest) == workspace.namespace
    assert teams.place(workspace, guest).role == "developer"


def test_the_invited_person_sees_the_invitation_when_signed_in_and_joins_without_its_mail():
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    use_up(guest.email)
    workspace, member = workspace_of(owner)
    throttles.allow_today("invite reserve", f"{workspace.workspace_id} {guest.email}", 1)
    row = invites.invite(member, guest.email, "viewer")
    assert row.mail_held_until and mails(guest.email) == []
    page = browser(guest).get("/workspaces").content.decode()
    address = f"/invites/{workspace.workspace_id}/{row.invite_id}"
    assert "Shoes &amp; Co" in page and f'action="{address}"' in page
    assert browser(guest).get(address).status_code == 405, "A11: a GET changes nothing"
    assert browser(guest).post(address)["location"] == f"/w/{workspace.namespace}/"
    assert teams.place(workspace, guest).role == "viewer"
    assert address not in browser(guest).get("/workspaces").content.decode()


def test_an_invitation_is_joined_by_its_own_person_alone_and_while_it_is_open(moment):
    """A9, A11"""
    guest, stranger, owner = teams.new_person("guest"), teams.new_person("stranger"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    row = invites.invite(member, guest.email, "viewer")
    address = f"/invites/{workspace.workspace_id}/{row.invite_id}"
    assert browser(stranger).post(address).status_code == 404
    assert address not in browser(stranger).get("/workspaces").content.decode()
    moment[0] = row.ends + 1
    assert browser(guest).post(address).status_code == 404
    assert address not in browser(guest).get("/workspaces").content.decode()
    assert workspaces.find(workspace.workspace_id) and teams.place(workspace, guest) is None


def test_the_rest_api_says_until_when_a_mail_is_held_back():
    email, owner = fresh_address("guest"), teams.new_person("owner")
    use_up(email)
    _, member = workspace_of(owner)
    assert api._invite_out(invites.invite(member, email, "viewer"), {}).mail_held_until is None
    assert api._invite_out(invites.invite(member, email, "viewer"), {}).mail_held_until.endswith(" 13:00 UTC")


@pytest.fixture
def slow_mail(monkeypatch):
    """No mail leaves before `mail.send_due`."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)


def held_again(member, workspace, email: str, role: str = "viewer"):
    """Invite an address again while its mails are held back."""
    use_up(email)
    throttles.allow_today("invite reserve", f"{workspace.workspace_id} {email}", 1)
    row = invites.invite(member, email, role)
    assert row.mail_held_until
    return row


def test_a_mail_that_has_not_left_yet_still_leaves_when_the_next_is_held_back(moment, slow_mail):
    """It was dropped, and no mail came at all."""
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    invites.invite(member, guest.email, "viewer")
    moment[0] += 1
    for _ in range(2):
        held_again(member, workspace, guest.email)
    mail.send_due()
    assert len(mails(guest.email)) == 1
    assert invites.accept(teams.newest_token(guest.email), guest) == workspace.namespace


def test_the_link_of_a_mail_that_leaves_while_the_next_is_held_back_works(moment, slow_mail, monkeypatch):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    invites.invite(member, guest.email, "viewer")
    moment[0] += 1
    put_invite = team_changes.put_invite

    def put_after_mail(*args) -> None:
        mail.send_due()
        put_invite(*args)

    monkeypatch.setattr(team_changes, "put_invite", put_after_mail)
    held_again(member, workspace, guest.email, "developer")
    assert invites.accept(teams.newest_token(guest.email), guest) == workspace.namespace
    assert teams.place(workspace, guest).role == "developer"


def test_a_mail_that_leaves_late_says_the_role_that_the_invitation_has_now(moment, slow_mail):
    guest, owner = teams.new_person("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    invites.invite(member, guest.email, "admin")
    moment[0] += 1
    held_again(member, workspace, guest.email, "viewer")
    mail.send_due()
    text = mails(guest.email)[-1].get_body().get_content()
    assert "as viewer" in text and "admin" not in text


def test_an_invitation_none_of_whose_mails_was_sent_is_mailed_once_one_may_be(moment):
    email, owner = fresh_address("guest"), teams.new_person("owner")
    workspace, member = workspace_of(owner)
    for _ in range(2):
        held_again(member, workspace, email)
        moment[0] += 1
    moment[0] += 3_601
    assert invites.invite(member, email, "viewer").mail_held_until is None and len(mails(email)) == 1


def test_of_two_mails_that_have_not_left_the_newer_one_is_sent(moment, slow_mail):
    email, owner = fresh_address("guest"), teams.new_person("owner")
    _, member = workspace_of(owner)
    for _ in range(2):
        invites.invite(member, email, "viewer")
        moment[0] += 1
    mail.send_due()
    assert len(mails(email)) == 1


def test_the_mail_of_an_invitation_that_was_revoked_meanwhile_does_not_leave(moment, slow_mail):
    email, owner = fresh_address("guest"), teams.new_person("owner")
    _, member = workspace_of(owner)
    invites.revoke(member, invites.invite(member, email, "viewer").invite_id)
    mail.send_due()
    assert mails(email) == []
