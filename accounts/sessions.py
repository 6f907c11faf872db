"""Django's sessions in DynamoDB: the row is found by a digest of the key, so a table dump opens no session."""

import hashlib
from datetime import UTC, datetime

from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError
from pynamodb.exceptions import PutError
from pynamodb.exceptions import UpdateError as RowUpdateError

from accounts import store
from accounts.models import SessionRow
from imgapis.base import clock, dynamo


def digest_of(session_key: str) -> str:
    """What the table knows of a session key (SHA-256 of 160 random bits needs no salt)."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionStore(SessionBase):
    """The `SESSION_ENGINE`."""

    def load(self) -> dict:
        """The session's data; a new empty session where the row is absent or past its expiry (TTL only sweeps)."""
        row = store.session(digest_of(self.session_key)) if self.session_key else None
        if row is None or row.expires.timestamp() <= clock.now():
            self._session_key = None
            return {}
        return self.decode(row.data)

    def exists(self, session_key: str) -> bool:
        """Whether a row of that key is there."""
        return store.session(digest_of(session_key)) is not None

    def create(self) -> None:
        """Make a key nobody has and save under it."""
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
        expires = datetime.fromtimestamp(clock.now() + self.get_expiry_age(), UTC)
        row = SessionRow(digest_of(self._get_or_create_session_key()), data=data, expires=expires)
        return self._create_row(row) if must_create else self._update_row(row)

    def _create_row(self, row: SessionRow) -> None:
        try:
            row.save(condition=SessionRow.digest.does_not_exist())
        except PutError as error:
            raise CreateError if dynamo.lost_race(error) else error from error

    def _update_row(self, row: SessionRow) -> None:
        actions = [SessionRow.data.set(row.data), SessionRow.expires.set(row.expires)]
        try:
            row.update(actions=actions, condition=SessionRow.digest.exists())
        except RowUpdateError as error:
            raise UpdateError if dynamo.lost_race(error) else error from error

    def delete(self, session_key: str | None = None) -> None:
        """End the session on the server."""
        key = session_key or self.session_key
        if key:
            store.delete_session(digest_of(key))

    @classmethod
    def clear_expired(cls) -> None:
        """Nothing to do: the table's TTL sweeps, and every read compares the expiry."""
