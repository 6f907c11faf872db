"""How long a session lives, who ends it, and what its row stores (A6, A7)."""

import os

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, get_user
from django.http import HttpRequest
from django.test import Client

from accounts.models import SessionRow, User
from accounts.models import sessions as session_rows
from accounts.people import people
from accounts.sessions import sessions
from accounts.sessions.sessions import SessionStore
from imgapis.base import clock
from tests.people import fresh_address, newest_code

DAY = 86_400
pytestmark = pytest.mark.usefixtures("dynamodb")


@pytest.fixture
def moment(monkeypatch):
    """A clock that a test sets: `moment[0]` is now."""
    now = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: now[0])
    return now


def new_session_key(person) -> str:
    """The key of a new session of a signed-in person."""
    session = SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = person.person_id, "accounts.backends.StoreBackend"
    session[HASH_SESSION_KEY] = User.of(person).get_session_auth_hash()
    session.create()
    return session.session_key


def visit(key: str) -> bool:
    """Whether a request with this session cookie, handled as the middleware does, is a person's."""
    request = HttpRequest()
    request.session = SessionStore(key)
    is_signed_in = get_user(request).is_authenticated
    request.session.mark_used()
    if is_signed_in and request.session.modified:
        request.session.save()
    return is_signed_in


def new_person():
    """A person with a new account."""
    return people.create(fresh_address("session"))


@pytest.mark.parametrize(("idle", "lives"), [(13.9 * DAY, True), (14.1 * DAY, False)])
def test_fourteen_days_without_use_end_a_session(moment, idle, lives):
    """A7"""
    person = new_person()
    key = new_session_key(person)
    moment[0] += idle
    assert bool(sessions.of_person(person.person_id)) is lives, "what has ended is not listed"
    assert visit(key) is lives


def test_thirty_days_end_a_session_however_much_it_is_used(moment):
    """A7"""
    key, start = new_session_key(new_person()), moment[0]
    while moment[0] - start < 29.5 * DAY:
        assert visit(key)
        moment[0] += DAY / 2
    moment[0] = start + 30 * DAY + 1
    assert not visit(key)


def test_a_session_that_is_nobodys_ends_after_a_day(moment):
    session = SessionStore()
    session["next"] = "/x"
    session.create()
    moment[0] += DAY + 1
    assert SessionStore(session.session_key).load() == {}


def signed_session(**values) -> str:
    """What the cookie holds after a session with these values was saved."""
    session = SessionStore()
    session.update(values)
    session.save()
    return session.session_key


def test_what_needs_no_row_is_signed_into_the_cookie_and_ends_after_a_day(moment, settings):
    """H12: a rotated SECRET_KEY still opens it; a changed one, or one from the future, is nobody's."""
    cookie = signed_session(next="/w/shop/")
    assert SessionStore(cookie).load() == {"next": "/w/shop/"} and SessionStore(cookie[:-1] + "_").load() == {}
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another" * 10
    moment[0] += DAY - 1
    assert SessionStore(cookie).load() == {"next": "/w/shop/"}
    moment[0] -= DAY + sessions.SKEW_SECONDS
    assert SessionStore(cookie).load() == {}
    moment[0] += 2 * DAY + sessions.SKEW_SECONDS
    assert SessionStore(cookie).load() == {}


@pytest.mark.parametrize("name", ["email", "challenge", "proved", "fresh_until", SESSION_KEY])
def test_whatever_says_who_somebody_is_lies_in_a_row(name):
    """H12, P16: an address or a proof is never in the cookie, not even sealed by our signature."""
    assert not sessions.is_signed(signed_session(**{"next": "/", name: "x"}))
    assert SessionStore(signed_session(next="/")).load() == {"next": "/"}


def test_a_session_too_large_for_a_cookie_has_a_row():
    """H12"""
    key = signed_session(_messages=[os.urandom(3_000).hex()])
    assert not sessions.is_signed(key) and SessionStore(key).load()


def test_a_row_and_a_new_key_begin_when_a_session_has_something_to_keep():
    """H12, A6: the cookie of before is not the key of the row."""
    cookie = signed_session(next="/x")
    session = SessionStore(cookie)
    session["challenge"] = "c"
    session.save()
    assert not sessions.is_signed(session.session_key) and session.session_key not in cookie
    assert SessionStore(session.session_key).load() == {"next": "/x", "challenge": "c"}


def test_use_is_written_once_a_day(moment):
    """P16: the day, no finer."""
    key = new_session_key(new_person())
    session = SessionStore(key)
    assert session.load() and not session.modified
    session = SessionStore(key)
    session.get("x")
    session.mark_used()
    assert not session.modified
    moment[0] += DAY
    assert visit(key)
    assert session_rows.find(sessions.digest_of(key)).seen_day == clock.day(moment[0])


def test_every_session_of_a_person_ends_at_once_also_one_the_index_does_not_list(monkeypatch):
    """A6, A7: deciding is by the person's row, never by an index."""
    person = new_person()
    keys = [new_session_key(person) for _ in range(3)]
    other_key = new_session_key(new_person())
    monkeypatch.setattr(SessionRow.person_index, "query", lambda *_: [])
    sessions.end_all(person.person_id)
    assert [visit(key) for key in keys] == [False] * 3 and visit(other_key)


def test_the_rows_of_ended_sessions_are_gone():
    person = new_person()
    keys = [new_session_key(person) for _ in range(3)]
    sessions.end_all(person.person_id)
    assert [session_rows.find(sessions.digest_of(key)) for key in keys] == [None] * 3


def test_somebody_elses_session_cannot_be_ended():
    person, other_person = new_person(), new_person()
    key = new_session_key(other_person)
    sessions.end_one(person.person_id, sessions.digest_of(key))
    assert visit(key)
    sessions.end_one(other_person.person_id, sessions.digest_of(key))
    assert not visit(key)


def test_a_session_of_an_account_that_is_gone_is_nobodys():
    """A6: after the account's deletion."""
    person = new_person()
    key = new_session_key(person)
    person.delete()
    assert not visit(key) and sessions.end_all(person.person_id) is None


def test_a_session_row_has_no_device_and_no_address():
    """P16"""
    assert set(SessionRow.get_attributes()) == {"digest", "data", "expires", "person_id", "started", "seen_day"}


def test_half_an_hour_after_the_code_a_new_account_needs_another(moment):
    """H24: the proof of an address lies in the session, and ends."""
    address, browser = fresh_address("slow"), Client(headers={"host": "localhost"})
    browser.post("/login", {"email": address})
    assert browser.post("/login/code", {"code": newest_code(address)})["location"] == "/signup"
    answers = {"adult": "on", "business_name": "A business", "namespace": address.partition("@")[0]}
    moment[0] += 1_799
    assert browser.get("/signup").status_code == 200
    moment[0] += 2
    assert browser.get("/signup")["location"] == browser.post("/signup", answers)["location"] == "/login"
    assert people.of_email(address) is None
