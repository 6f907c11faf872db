"""Addresses: one canonical form; two mailboxes are never one account, and nothing slips into a header (A5)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import emails, people
from imgapis.base import mail
from tests.people import fresh_address, mails


def form(text: str) -> str | None:
    """The canonical form; None where the text is refused."""
    try:
        return emails.canonical(text)
    except emails.InvalidEmail as refusal:
        assert refusal.param == "email"
        return None


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("Name@Example.COM", "name@example.com"),
        ("  name@example.com ", "name@example.com"),
        ("name@example.com.", "name@example.com"),
        ("name+tag@example.com", "name+tag@example.com"),
        ("ﬁne@example.com", "fine@example.com"),
        ("ｎａｍｅ＠ｅｘａｍｐｌｅ．ｃｏｍ", "name@example.com"),
        ("a@bücher.de", "a@xn--bcher-kva.de"),
        ("a@xn--bcher-kva.de", "a@xn--bcher-kva.de"),
        ("a@faß.de", "a@xn--fa-hia.de"),
        ("o'neil@example.co.uk", "o'neil@example.co.uk"),
    ],
)
def test_an_address_has_one_form(text, stored):
    assert form(text) == stored


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mıke@example.com", "mike@example.com"),
        ("İan@example.com", "ian@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("a@faß.de", "a@fass.de"),
        ("a+b@example.com", "a@example.com"),
        ("a.b@example.com", "ab@example.com"),
        ("аdmin@example.com", "admin@example.com"),
    ],
)
def test_two_mailboxes_are_two_accounts(one, other):
    assert form(one) and form(other) and form(one) != form(other)


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "@", "a@", "@b.com", "a@b", "a@b.c", "a b@c.com", "a@b c.com", "a@@b.com", "a@b@c.com", "a@.com",
        "a@b..com", "a@-b.com", "a@b-.com", "a@[127.0.0.1]", "a@127.0.0.1", ".a@b.com", "a.@b.com", "a..b@c.com",
        '"a b"@c.com', "a@b.com,c@d.com", "a@b.com;c@d.com", "Name <a@b.com>", "a@b.com\nBcc: x@y.com",
        "a@b.com\r\nBcc: x@y.com", "a\x00@b.com", "a\u200b@b.com", "a\u202e@b.com", "a\u2028@b.com", "a@b_c.com",
        "x" * 65 + "@b.com", "a@" + "b" * 64 + ".com", "a@" + "b." * 130 + "com", "a@b.com/c", "a@xn--a.com",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(text):
    assert form(text) is None


@given(st.text(max_size=40), st.sampled_from(["example.com", "Bücher.de", "faß.de", "EXAMPLE.com."]))
def test_the_form_of_a_form_is_itself(local, domain):
    once = form(f"{local}@{domain}")
    if once is not None:
        assert form(once) == once
        assert len(once) <= 254 and once.isprintable() and once.rpartition("@")[2].isascii()


@given(st.text(max_size=80))
def test_no_text_breaks_it(text):
    form(text)


@pytest.mark.parametrize("address", ["mıke@example.com", "a@xn--bcher-kva.de", "o'neil@example.com", "a%b@example.com"])
def test_mail_goes_to_the_stored_address_and_to_nobody_else(address):
    mail.send(emails.canonical(address), "A subject", "emails/address_changed.txt", {})
    (message,) = [message for message in mails() if message["To"] == address][-1:]
    assert message["Cc"] is None and message["Bcc"] is None and len(message["To"].addresses) == 1


def test_a_second_account_of_an_address_is_the_first(dynamodb):
    address = fresh_address("twice")
    assert people.create(address).person_id == people.create(address).person_id


def test_eight_at_once_for_one_address_are_one_account(dynamodb):
    """A5: the claim decides."""
    address = fresh_address("raced")
    with ThreadPoolExecutor(8) as threads:
        found = {person.person_id for person in threads.map(lambda _: people.create(address), range(8))}
    assert found == {people.of_email(address).person_id}


def test_of_four_moves_to_one_address_at_once_one_is_made(dynamodb):
    movers, goal = [people.create(fresh_address("mover")) for _ in range(4)], fresh_address("goal")
    before = {person.person_id: person.email for person in movers}

    def move(person) -> bool:
        try:
            people.change_email(person, goal)
        except people.AddressTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(move, movers)) == 1
    winner = people.of_email(goal).person_id
    assert people.of_email(before.pop(winner)) is None
    assert {people.of_email(email).person_id for email in before.values()} == set(before)


def test_an_account_is_not_moved_to_an_address_that_has_one(dynamodb):
    taken, mine = people.create(fresh_address("taken")), people.create(fresh_address("mine"))
    with pytest.raises(people.AddressTaken):
        people.change_email(mine, taken.email)
    assert people.of_email(taken.email).person_id == taken.person_id
    assert people.of_email(mine.email).person_id == mine.person_id


def test_a_move_frees_the_old_address(dynamodb):
    person, moved = people.create(fresh_address("old")), fresh_address("new")
    old = person.email
    people.change_email(person, moved)
    assert people.of_email(old) is None and people.of_email(moved).person_id == person.person_id
    assert people.create(old).person_id != person.person_id
