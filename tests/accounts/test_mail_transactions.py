"""What a mail is about and the mail itself: both are written, or neither (H14)."""

import pytest

from accounts.people import people
from accounts.teams import invites
from billing.notifications import notifications, outbox, preferences
from imgapis.base.mail import mail
from imgapis.base.mail.rows import OutgoingMail
from imgapis.models import ExportLink
from imgapis.privacy import links
from imgapis.work import outgoing_mail
from tests.accounts import teams
from tests.people import fresh_address, mails

pytestmark = pytest.mark.usefixtures("dynamodb")


class Killed(BaseException):
    """Stands for the end of the process: no `except Exception` handles it."""


@pytest.fixture
def killed(monkeypatch):
    """A function that carries something out in a process that ends when a mail is about to be sent."""

    def dies(row: OutgoingMail) -> None:
        raise Killed

    def run(act) -> None:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(mail, "dispatch", dies)
            act()

    return run


def waiting_for(address: str) -> list[OutgoingMail]:
    """The mails to an address in the outbox."""
    return list(OutgoingMail.scan(OutgoingMail.email == address, consistent_read=True))


def test_a_process_that_ends_after_an_address_was_changed_leaves_the_mail_to_the_old_one(killed):
    person, new_address = people.create(fresh_address("moves")), fresh_address("moved")
    old_address = person.email
    killed(lambda: people.change_email(person, new_address))
    assert people.of_email(new_address).person_id == person.person_id and mails(old_address) == []
    outgoing_mail.send_due()
    assert [message["Subject"] for message in mails(old_address)] == ["Your address has changed"]


def test_an_address_that_is_not_changed_is_not_told_that_it_is():
    person, taken = people.create(fresh_address("stays")), people.create(fresh_address("taken"))
    with pytest.raises(people.EmailTaken):
        people.change_email(person, taken.email)
    assert waiting_for(person.email) == []


def test_the_mails_of_a_notice_go_out_once_although_the_process_ends_between_them(killed):
    workspace, staff = teams.whole_team()
    notifications.create(workspace.workspace_id, "test", "burst", {"burning": []})
    (row,) = [row for row in notifications.due(1_000) if row.place.startswith(workspace.workspace_id)]
    killed(lambda: outbox._send(row, lambda request: 200))
    row.refresh(consistent_read=True)
    outbox._send(row, lambda request: 200)
    preferences.choose(workspace.workspace_id, staff["billing"].person_id, "burst", enabled=False)
    outgoing_mail.send_due()
    outgoing_mail.send_due()
    (message,) = mails(staff["owner"].email)
    assert "/unsubscribe/" in message["List-Unsubscribe"] and "/unsubscribe/" in message.get_body().get_content()
    assert mails(staff["billing"].email) == [], "who unsubscribes before the mail leaves gets none"


def test_the_link_of_an_invitation_is_nowhere_until_its_mail_leaves(killed):
    workspace, staff = teams.whole_team()
    owner, address = teams.place(workspace, staff["owner"]), fresh_address("guest")
    killed(lambda: invites.invite(owner, address, "viewer"))
    (row,) = invites.pending(workspace.workspace_id)
    assert row.token_digest == "" and [sent.context for sent in waiting_for(address)] == [
        {"workspace": workspace.business_name, "role": "viewer"}
    ]
    killed(lambda: invites.resend(owner, row.invite_id))
    assert len(waiting_for(address)) == 2
    outgoing_mail.send_due()
    (message,) = mails(address)
    link = message.get_body().get_content().partition("/invites/")[2].split()[0]
    assert invites.preview(link, people.create(address)).namespace == workspace.namespace
    killed(lambda: invites.resend(owner, row.invite_id))
    invites.revoke(owner, row.invite_id)
    outgoing_mail.send_due()
    assert len(mails(address)) == 1 and waiting_for(address) == [], "a revoked one is not sent"


def test_the_link_of_an_export_is_nowhere_until_its_mail_leaves(killed):
    person = people.create(fresh_address("leaves"))
    killed(lambda: links.send(person, "person", person.person_id, "your account"))
    assert list(ExportLink.scan(ExportLink.person_id == person.person_id, consistent_read=True)) == []
    outgoing_mail.send_due()
    token = mails(person.email)[-1].get_body().get_content().partition("/account/exports/")[2].split()[0]
    assert links.open_link(token, person.person_id).subject_id == person.person_id
