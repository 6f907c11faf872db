"""Django's sessions on DynamoDB: created, kept, ended on the server."""

import pytest
from django.contrib.sessions.backends.base import UpdateError

from accounts import sessions, store
from accounts.sessions import SessionStore
from imgapis.base import clock

pytestmark = pytest.mark.usefixtures("dynamodb")


def created(**values) -> SessionStore:
    """A saved session."""
    session = SessionStore()
    session.update(values)
    session.create()
    return session


def test_it_works():
    session = created(person="p_1")
    assert SessionStore(session.session_key)["person"] == "p_1"


def test_the_table_does_not_know_the_key():
    session = created()
    row = store.session(sessions.digest_of(session.session_key))
    assert session.session_key not in (row.digest, row.data)


def test_a_logout_elsewhere_wins_over_a_save():
    """A6"""
    session = created(person="p_1")
    same = SessionStore(session.session_key)
    assert same["person"] == "p_1"
    session.flush()
    same["person"] = "p_2"
    with pytest.raises(UpdateError):
        same.save()


def test_an_expired_row_that_is_still_there_is_no_session(monkeypatch):
    """A7: TTL only sweeps."""
    session = created(person="p_1")
    later = clock.now() + session.get_expiry_age() + 1
    monkeypatch.setattr(clock, "now", lambda: later)
    assert "person" not in SessionStore(session.session_key).load()


def test_an_unknown_key_is_not_adopted():
    """A6: a planted key never becomes a session."""
    planted = SessionStore("x" * 32)
    assert planted.load() == {} and planted.session_key is None
