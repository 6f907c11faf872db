"""Sessions, by the digest of the key in the cookie."""

from collections.abc import Iterator

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from accounts.session_lifetimes import IDLE_DAYS, LONGEST_DAYS
from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

SESSION = DataHandling("security", f"{IDLE_DAYS} days after the last use, {LONGEST_DAYS} days at most")
SECRET = DataHandling("security", f"{IDLE_DAYS} days after the last use", exported=False)


class SessionsOfPerson(GlobalSecondaryIndex):
    """Lists the sessions of a person; no decision is read from it."""

    class Meta:
        index_name = "person"
        projection = AllProjection()

    person_id = UnicodeAttribute(hash_key=True)


class SessionRow(dynamo.Row):
    """A browser that is logged in (P16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("sessions")

    digest = declared(
        UnicodeAttribute(hash_key=True),
        "finds the session; the key itself is in the cookie alone",
        SECRET,
    )
    data = declared(
        UnicodeAttribute(),
        "who is logged in, the form token, and while a code is awaited its address",
        SECRET,
    )
    expires = declared(TTLAttribute(), "ends the session", SECRET)
    person_id = declared(UnicodeAttribute(null=True), "lists a person's sessions, to end them", SESSION)
    started = declared(Moment(), f"ends the session after {LONGEST_DAYS} days whatever its use", SESSION)
    seen_day = declared(UnicodeAttribute(), "the last day it was used, no finer", SESSION)
    person_index = SessionsOfPerson()


def find(digest: str) -> SessionRow | None:
    """The session of a key's digest, expired or not."""
    return SessionRow.find(digest)


def delete(digest: str) -> None:
    """End a session on the server; ending it twice is no error."""
    SessionRow(digest).delete()


def of_person(person_id: str) -> Iterator[SessionRow]:
    """The sessions of a person, from an index: for lists alone."""
    return SessionRow.person_index.query(person_id)


def add(row: SessionRow) -> bool:
    """Write a new session; False where there is one of its key."""
    return row.save_if(SessionRow.is_absent())


def update(row: SessionRow) -> bool:
    """Write what is in a session, until when it lasts and whose it is; False where it was ended meanwhile."""
    actions: list[Action] = [
        SessionRow.data.set(row.data),
        SessionRow.expires.set(row.expires),
        SessionRow.seen_day.set(row.seen_day),
    ]
    if row.person_id:
        actions.append(SessionRow.person_id.set(row.person_id))
    return row.update_if(SessionRow.is_present(), actions)
