"""A code that a newer one of its session has replaced: its mail does not go out any more, whatever page asked (H24)."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.people import people
from imgapis.base.mail import mail
from imgapis.work import outgoing_mail
from tests.people import fresh_address, mails, new_session

pytestmark = pytest.mark.usefixtures("dynamodb", "unsent")


@pytest.fixture
def unsent(monkeypatch):
    """Mails wait in the outbox, as behind many others."""
    monkeypatch.setattr(mail, "dispatch", lambda row: None)


def browser(person=None) -> Client:
    """A browser, signed in where a person is given."""
    client = Client(headers={"host": "localhost"})
    if person is not None:
        client.cookies[settings.SESSION_COOKIE_NAME] = new_session(person)
    return client


def test_of_two_codes_asked_for_on_the_sign_in_page_one_is_mailed():
    address, client = fresh_address("impatient"), browser()
    assert [client.post("/login", {"email": address}).status_code for _ in range(2)] == [302, 302]
    outgoing_mail.send_due()
    assert len(mails(address)) == 1


def test_of_two_codes_asked_for_to_confirm_one_is_mailed():
    person = people.create(fresh_address("confirms"))
    client = browser(person)
    assert [client.post("/account/confirm").status_code for _ in range(2)] == [200, 200]
    outgoing_mail.send_due()
    assert len(mails(person.email)) == 1


def test_of_two_new_addresses_the_last_is_mailed_a_code():
    first, last, client = fresh_address("first"), fresh_address("last"), browser(people.create(fresh_address("moves")))
    for address in (first, last):
        assert client.post("/account/email", {"email": address}).status_code == 302
    outgoing_mail.send_due()
    assert mails(first) == [] and len(mails(last)) == 1
