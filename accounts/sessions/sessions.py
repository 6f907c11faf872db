"""Django's sessions in DynamoDB: the row is found by a digest of the key, so a table dump opens no session.

Before a code is asked for there is no row: the one cookie itself holds the little there is to hold, signed (H12).
"""

import hashlib
from typing import TYPE_CHECKING, Any, TypeGuard

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from django.core import signing
from django.middleware.csrf import CSRF_SESSION_KEY

from accounts.models import Person, SessionRow, people
from accounts.models import sessions as session_rows
from accounts.session_lifetimes import LONGEST_SECONDS, UNSIGNED_SECONDS
from imgapis.base import clock

# What a session may hold without a row: where to go on, the form's token, a message of ours. No address, no code.
COOKIE_NAMES = frozenset({"next", CSRF_SESSION_KEY, "_messages"})
LONGEST_COOKIE = 3_500  # characters; browsers drop a cookie above 4,096
SKEW_SECONDS = 60  # how far the clocks of two servers may be apart


def digest_of(session_key: str) -> str:
    """The digest that the table stores for a session key (SHA-256 of 160 random bits needs no salt)."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def is_signed(session_key: str | None) -> TypeGuard[str]:
    """Whether the cookie holds the session itself; the key of a row has letters and digits alone."""
    return ":" in (session_key or "")


def _signer() -> signing.Signer:
    """Signs under SECRET_KEY; SECRET_KEY_FALLBACKS still count."""
    return signing.Signer(salt="accounts.sessions.cookie")


def _sign(data: dict) -> str:
    return _signer().sign_object({"at": int(clock.now()), "data": data}, compress=True)


def _unsign(text: str) -> dict:
    """The data of a signed cookie; empty where it is not ours, or older than a day."""
    try:
        held = _signer().unsign_object(text)
    except signing.BadSignature:
        return {}
    is_current = -SKEW_SECONDS <= clock.now() - held["at"] < UNSIGNED_SECONDS
    return {name: value for name, value in held["data"].items() if name in COOKIE_NAMES} if is_current else {}


class SessionStore(SessionBase):
    """The `SESSION_ENGINE`: ends by the lifetimes of `accounts.session_lifetimes` (A7)."""

    _started: float | None = None
    _seen_day = ""

    if TYPE_CHECKING:  # what Django's own engines are built on, and django-stubs leaves out

        def _get_session(self, no_load: bool = False) -> dict[str, Any]: ...

        def _get_new_session_key(self) -> str: ...

        def _get_or_create_session_key(self) -> str: ...

    def load(self) -> dict:
        """The session's data; a new empty session where the row is absent or past its expiry (TTL only sweeps)."""
        if is_signed(self.session_key):
            data = _unsign(self.session_key)
            self._session_key = self._session_key if data else None
            return data
        row = session_rows.find(digest_of(self.session_key)) if self.session_key else None
        if row is None or row.expires.timestamp() <= clock.now():
            self._session_key = None
            return {}
        self._started, self._seen_day = float(row.started), row.seen_day
        return self.decode(row.data)

    def get_expiry_age(self, **kwargs: Any) -> int:
        """Seconds without use until the session ends: a day where nobody has signed in."""
        return super().get_expiry_age(**kwargs) if SESSION_KEY in self else UNSIGNED_SECONDS

    def mark_used(self) -> None:
        """Have the session saved once a day while it is used: its idle days are counted from there."""
        if self._has_row() and not self.is_empty() and self._seen_day != clock.day(clock.now()):
            self.modified = True

    def exists(self, session_key: str) -> bool:
        """Whether a row of that key is there."""
        return session_rows.find(digest_of(session_key)) is not None

    def create(self) -> None:
        """Make a key nobody has and save under it."""
        self._started = None
        while True:
            self._session_key = self._get_new_session_key()
            try:
                self.save(must_create=True)
            except CreateError:
                continue
            self.modified = True
            return

    def save(self, must_create: bool = False) -> None:
        """Write the session, into its row or, while it needs none, into the cookie; UpdateError where it was ended
        meanwhile (a logout elsewhere wins)."""
        if not self._has_row():
            return None if self._signed_into_cookie() else self.create()
        data = self.encode(self._get_session(no_load=must_create))
        row = self._row(data)
        return self._create_row(row) if must_create else self._update_row(row)

    def _has_row(self) -> bool:
        return self.session_key is not None and not is_signed(self.session_key)

    def _signed_into_cookie(self) -> bool:
        """Make the session its own key; False where it holds what only a row may hold."""
        data = self._get_session()
        if not COOKIE_NAMES.issuperset(data) or len(text := _sign(data)) > LONGEST_COOKIE:
            return False
        self._session_key = text
        return True

    def _row(self, data: str) -> SessionRow:
        now = clock.now()
        started = self._started = self._started or now
        expiry = min(now + self.get_expiry_age(), started + LONGEST_SECONDS)
        return SessionRow(
            digest_of(self._get_or_create_session_key()),
            data=data,
            expires=clock.utc(int(expiry)),
            person_id=self._get_session(no_load=self._session_key is None).get(SESSION_KEY),
            started=started,
            seen_day=clock.day(now),
        )

    def _create_row(self, row: SessionRow) -> None:
        if not session_rows.add(row):
            raise CreateError

    def _update_row(self, row: SessionRow) -> None:
        if not session_rows.update(row):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """End the session on the server."""
        key = session_key or self.session_key
        if key and not is_signed(key):
            session_rows.delete(digest_of(key))

    @classmethod
    def clear_expired(cls) -> None:
        """Nothing to do: the table's TTL sweeps, and every read compares the expiry."""


def of_person(person_id: str) -> list[SessionRow]:
    """The living sessions of a person, newest first: the day each began and the day it was used last, no more."""
    now = clock.now()
    rows = [row for row in session_rows.of_person(person_id) if row.expires.timestamp() > now]
    return sorted(rows, key=lambda row: row.started, reverse=True)


def end_one(person_id: str, digest: str) -> None:
    """End one session of a person; another person's is left alone."""
    row = session_rows.find(digest)
    if row is not None and row.person_id == person_id:
        session_rows.delete(digest)


def end_all(person_id: str) -> Person | None:
    """End every session of a person, this one too; the person as they are now, None where there is none.

    The person's round is raised and compared with each request, so that no session outlives this for want of being
    listed in the index; the rows are swept after it.
    """
    row = people.raise_session_round(person_id)
    for session in session_rows.of_person(person_id):
        session_rows.delete(session.digest)
    return row
