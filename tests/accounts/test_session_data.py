"""What a session holds, by a closed list, on every way that a person takes: no address stays in it (H24, P16)."""

import json

import pytest

from accounts.sessions.sessions import SessionStore
from tests.people import Browser, ask_code, fresh_address, newest_code, sign_in_by_code

# Of somebody who is signed in.
SIGNED_IN = {
    "_auth_user_id",
    "_auth_user_backend",
    "_auth_user_hash",
    "_csrftoken",
    "_messages",
    "fresh_until",
    "confirm_challenge",
    "second_factor",
}
# While a code is awaited, the address that it was mailed to; `proved` until the two questions of a new account.
AWAITING_SIGN_IN = {"_csrftoken", "next", "challenge", "email", "proved"}
AWAITING_CHANGE = {"email_challenge", "new_email"}


def data_of(browser: Browser) -> dict:
    """What the session of a browser holds."""
    return SessionStore(browser.cookies["sessionid"]).load()


def assert_lean(browser: Browser, *addresses: str) -> None:
    """The session holds the listed keys alone, and no address under any of them."""
    data = data_of(browser)
    text = json.dumps(data)
    assert set(data) <= SIGNED_IN
    assert "@" not in text and not any(address.partition("@")[0] in text for address in addresses)


@pytest.fixture
def person(web) -> tuple[Browser, str]:
    """Somebody who has signed up by the front door."""
    browser, address = Browser(), fresh_address("lean")
    sign_in_by_code(browser, address)
    return browser, address


def test_signing_up_and_in_leaves_no_address_behind(person):
    """H24"""
    browser, address = person
    assert_lean(browser, address)
    browser.post("/logout")
    sign_in_by_code(browser, address)
    assert_lean(browser, address)


def test_who_waits_for_a_code_is_known_by_the_listed_keys_alone(web):
    """H24"""
    browser, address = Browser(), fresh_address("waiting")
    ask_code(browser, address, "/workspaces/new")
    assert set(data_of(browser)) <= AWAITING_SIGN_IN
    browser.submit("/login/code", {"code": newest_code(address)})
    assert set(data_of(browser)) <= AWAITING_SIGN_IN


def test_proving_oneself_again_and_moving_to_another_address_leave_none_behind(person):
    """H24"""
    browser, address = person
    new_address = fresh_address("moved")
    browser.submit("/account/confirm")
    browser.post("/account/confirm", {"code": newest_code(address)})
    assert_lean(browser, address)
    browser.submit("/account/email", {"email": new_address})
    assert set(data_of(browser)) <= SIGNED_IN | AWAITING_CHANGE
    assert browser.submit("/account/email/code", {"code": newest_code(new_address)}).status == 302
    assert_lean(browser, address, new_address)


def test_nothing_that_a_person_does_writes_an_address_into_the_session(person):
    """H24: a message waits in the session for the page that shows it."""
    browser, address = person
    name = browser.follow(browser.get("/workspaces")).text.partition('href="/w/')[2].partition("/")[0]
    guest = fresh_address("guest")
    acts = {
        f"/w/{name}/team": {"email": guest, "role": "viewer"},
        "/account/data/export-mail": {},
        f"/w/{name}/data/export-mail": {},
        f"/w/{name}/settings": {"business_name": "Shoes", "namespace": name},
        "/account/data/erase": {"name": address},
        "/account/sessions/revoke": {},
    }
    for path, fields in acts.items():
        browser.get("/account")
        browser.post(path, fields)
        assert_lean(browser, address, guest)
