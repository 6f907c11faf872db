"""Django's sessions in DynamoDB: the row is found by a digest of the key, so a table dump opens no session."""

import hashlib

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from accounts import store
from accounts.models import Person, SessionRow
from imgapis.base import clock

LONGEST_SECONDS = 30 * clock.DAY
NOBODYS_SECONDS = clock.DAY


def digest_of(session_key: str) -> str:
    """The digest that the table stores for a session key (SHA-256 of 160 random bits needs no salt)."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(SessionBase):
    """The `SESSION_ENGINE`: 14 days without use end a session, 30 days end it anyhow (A7)."""

    _started: float | None = None
    _seen_day = ""

    def load(self) -> dict:
        """The session's data; a new empty session where the row is absent or past its expiry (TTL only sweeps)."""
        row = store.session(digest_of(self.session_key)) if self.session_key else None
        if row is None or row.expires.timestamp() <= clock.now():
            self._session_key = None
            return {}
        self._started, self._seen_day = float(row.started), row.seen_day
        return self.decode(row.data)

    def get_expiry_age(self, **kwargs) -> int:
        """Seconds without use until the session ends: a day where nobody has signed in."""
        return super().get_expiry_age(**kwargs) if SESSION_KEY in self else NOBODYS_SECONDS

    def mark_used(self) -> None:
        """Have the session saved once a day while it is used: its idle days are counted from there."""
        if self.session_key and not self.is_empty() and self._seen_day != clock.day(clock.now()):
            self.modified = True

    def exists(self, session_key: str) -> bool:
        """Whether a row of that key is there."""
        return store.session(digest_of(session_key)) is not None

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
        """Write the session; UpdateError where it was ended meanwhile (a logout elsewhere wins)."""
        if self.session_key is None:
            return self.create()
        data = self.encode(self._get_session(no_load=must_create))
        row = self._row(data)
        return self._create_row(row) if must_create else self._update_row(row)

    def _row(self, data: str) -> SessionRow:
        now = clock.now()
        started = self._started = self._started or now
        expiry = min(now + self.get_expiry_age(), started + LONGEST_SECONDS)
        return SessionRow(
            digest_of(self._get_or_create_session_key()), data=data, expires=clock.utc(int(expiry)),
            person_id=self._get_session(no_load=self._session_key is None).get(SESSION_KEY), started=started,
            seen_day=clock.day(now),
        )  # fmt: skip

    def _create_row(self, row: SessionRow) -> None:
        if not row.save_if(SessionRow.is_absent()):
            raise CreateError

    def _update_row(self, row: SessionRow) -> None:
        actions = [
            SessionRow.data.set(row.data), SessionRow.expires.set(row.expires), SessionRow.seen_day.set(row.seen_day),
        ]  # fmt: skip
        if row.person_id:
            actions.append(SessionRow.person_id.set(row.person_id))
        if not row.update_if(SessionRow.is_present(), actions):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """End the session on the server."""
        key = session_key or self.session_key
        if key:
            store.delete_session(digest_of(key))

    @classmethod
    def clear_expired(cls) -> None:
        """Nothing to do: the table's TTL sweeps, and every read compares the expiry."""


def of_person(person_id: str) -> list[SessionRow]:
    """The living sessions of a person, newest first: the day each began and the day it was used last, no more."""
    now = clock.now()
    rows = [row for row in SessionRow.person_index.query(person_id) if row.expires.timestamp() > now]
    return sorted(rows, key=lambda row: row.started, reverse=True)


def end_one(person_id: str, digest: str) -> None:
    """End one session of a person; another person's is left alone."""
    row = store.session(digest)
    if row is not None and row.person_id == person_id:
        store.delete_session(digest)


def end_all(person_id: str) -> Person | None:
    """End every session of a person, this one too; the person as they are now, None where there is none.

    The person's round is raised and compared with each request, so that no session outlives this for want of being
    listed in the index; the rows are swept after it.
    """
    row = Person(person_id)
    if not row.update_if(Person.is_present(), [Person.session_round.add(1)]):
        row = None
    for session in SessionRow.person_index.query(person_id):
        store.delete_session(session.digest)
    return row
