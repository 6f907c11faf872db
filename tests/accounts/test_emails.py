"""Addresses: one canonical form; two mailboxes are never one account, and no header injection (A5)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.people import email_addresses, people
from imgapis.base.mail import mail
from tests.people import fresh_address, mails


def canonical_or_none(text: str) -> str | None:
    """The canonical form; None where the text is refused."""
    try:
        return email_addresses.canonical(text)
    except email_addresses.InvalidEmail as refusal:
        assert refusal.param == "email"
        return None


@pytest.mark.parametrize(
    ("text", "canonical"),
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
def test_an_address_has_one_form(text, canonical):
    assert canonical_or_none(text) == canonical


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
    assert canonical_or_none(one) and canonical_or_none(other) and canonical_or_none(one) != canonical_or_none(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@",
        "a@",
        "@b.com",
        "a@b",
        "a@b.c",
        "a b@c.com",
        "a@b c.com",
        "a@@b.com",
        "a@b@c.com",
        "a@.com",
        "a@b..com",
        "a@-b.com",
        "a@b-.com",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        ".a@b.com",
        "a.@b.com",
        "a..b@c.com",
        '"a b"@c.com',
        "a@b.com,c@d.com",
        "a@b.com;c@d.com",
        "Name <a@b.com>",
        "a@b.com\nBcc: x@y.com",
        "a@b.com\r\nBcc: x@y.com",
        "a\x00@b.com",
        "a\u200b@b.com",
        "a\u202e@b.com",
        "a\u2028@b.com",
        "a@b_c.com",
        "x" * 65 + "@b.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
        "a@b.com/c",
        "a@xn--a.com",
    ],
)
def test_what_is_no_address_is_refused(text):
    assert canonical_or_none(text) is None


@given(st.text(max_size=40), st.sampled_from(["example.com", "Bücher.de", "faß.de", "EXAMPLE.com."]))
def test_the_form_of_a_form_is_itself(local, domain):
    canonical = canonical_or_none(f"{local}@{domain}")
    if canonical is not None:
        assert canonical_or_none(canonical) == canonical
        assert len(canonical) <= 254 and canonical.isprintable() and canonical.rpartition("@")[2].isascii()


@given(st.text(max_size=80))
def test_no_text_breaks_it(text):
    canonical_or_none(text)


@pytest.mark.parametrize("address", ["mıke@example.com", "a@xn--bcher-kva.de", "o'neil@example.com", "a%b@example.com"])
def test_mail_goes_to_the_stored_address_and_to_nobody_else(dynamodb, address):
    mail.send(email_addresses.canonical(address), "A subject", "emails/address_changed.txt", {})
    (message,) = [message for message in mails() if message["To"] == address][-1:]
    assert message["Cc"] is None and message["Bcc"] is None and len(message["To"].addresses) == 1


def test_a_second_account_of_an_address_is_the_first(dynamodb):
    address = fresh_address("twice")
    assert people.create(address).person_id == people.create(address).person_id


def test_eight_at_once_for_one_address_are_one_account(dynamodb):
    """A5: the claim decides."""
    address = fresh_address("raced")
    with ThreadPoolExecutor(8) as threads:
        person_ids = {person.person_id for person in threads.map(lambda _: people.create(address), range(8))}
    assert person_ids == {people.of_email(address).person_id}


def test_of_four_moves_to_one_address_at_once_one_is_made(dynamodb):
    movers, target = [people.create(fresh_address("mover")) for _ in range(4)], fresh_address("goal")
    old_addresses = {person.person_id: person.email for person in movers}

    def move(person) -> bool:
        try:
            people.change_email(person, target)
        except people.EmailTaken:
            return False
        return True

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(move, movers)) == 1
    winner = people.of_email(target).person_id
    assert people.of_email(old_addresses.pop(winner)) is None
    assert {people.of_email(email).person_id for email in old_addresses.values()} == set(old_addresses)


def test_an_account_is_not_moved_to_an_address_that_has_one(dynamodb):
    holder, mover = people.create(fresh_address("taken")), people.create(fresh_address("mine"))
    with pytest.raises(people.EmailTaken):
        people.change_email(mover, holder.email)
    assert people.of_email(holder.email).person_id == holder.person_id
    assert people.of_email(mover.email).person_id == mover.person_id


def test_a_move_frees_the_old_address(dynamodb):
    person, new_address = people.create(fresh_address("old")), fresh_address("new")
    old_address = person.email
    people.change_email(person, new_address)
    assert people.of_email(old_address) is None and people.of_email(new_address).person_id == person.person_id
    assert people.create(old_address).person_id != person.person_id
