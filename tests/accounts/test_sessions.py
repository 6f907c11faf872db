"""Django's sessions on DynamoDB: created, kept, ended on the server."""

import pytest
from django.contrib.sessions.backends.base import UpdateError

from accounts.models import sessions as session_rows
from accounts.sessions import sessions
from accounts.sessions.sessions import SessionStore
from imgapis.base import clock

pytestmark = pytest.mark.usefixtures("dynamodb")


def new_session(**values) -> SessionStore:
    """A new session with these values, saved."""
    session = SessionStore()
    session.update(values)
    session.create()
    return session


def test_it_works():
    session = new_session(person="p_1")
    assert SessionStore(session.session_key)["person"] == "p_1"


def test_the_table_does_not_know_the_key():
    session = new_session()
    row = session_rows.find(sessions.digest_of(session.session_key))
    assert session.session_key not in (row.digest, row.data)


def test_a_logout_elsewhere_wins_over_a_save():
    """A6"""
    session = new_session(person="p_1")
    stale_session = SessionStore(session.session_key)
    assert stale_session["person"] == "p_1"
    session.flush()
    stale_session["person"] = "p_2"
    with pytest.raises(UpdateError):
        stale_session.save()


def test_an_expired_row_that_is_still_there_is_no_session(monkeypatch):
    """A7: TTL only sweeps."""
    session = new_session(person="p_1")
    later = clock.now() + session.get_expiry_age() + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "person" not in SessionStore(session.session_key).load()


def test_an_unknown_key_is_not_adopted():
    """A6: a planted key never becomes a session."""
    session = SessionStore("x" * 32)
    assert session.load() == {} and session.session_key is None
