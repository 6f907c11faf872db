"""The notices to people, by version and person: who sends one is decided here by a condition."""

from collections.abc import Iterator

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

NOTICE = DataHandling("account", "90 days, or until erasure")


class Notice(dynamo.Row):
    """That a person is told of a policy version (P23), or of a change of the rules of credits, once."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("notices")

    version = declared(UnicodeAttribute(hash_key=True), "which version, or which change", NOTICE)
    person_id = declared(UnicodeAttribute(range_key=True), "who is told", NOTICE)
    mail_id = declared(UnicodeAttribute(), "names the mail, so that it is found in the post's own records", NOTICE)
    state = declared(UnicodeAttribute(), "claimed, sending, sent or refused", NOTICE)
    lease = declared(Moment(), "until when the sender that claimed it may take", NOTICE)
    expires = declared(TTLAttribute(), "ends the row", NOTICE)


def find(version: str, person_id: str) -> Notice | None:
    """The notice of a version to a person, or None."""
    return Notice.find(version, person_id)


def of_version(version: str) -> Iterator[Notice]:
    """Every notice of a version, sent or in progress."""
    return Notice.query(version, consistent_read=True)


def of_person(person_id: str) -> Iterator[Notice]:
    """The notices to a person, of every version."""
    return Notice.scan(Notice.person_id == person_id)


def claim(version: str, person_id: str, mail_id: str, now: float, lease: float, expires_at: float) -> bool:
    """Claim the notice to a person for this process until `lease`; False where another has it, or it is sent."""
    row = Notice(
        version,
        person_id,
        mail_id=mail_id,
        state="claimed",
        lease=lease,
        expires=clock.utc(expires_at),
    )
    lease_lapsed = (Notice.state == "claimed") & (Notice.lease < now)
    return row.save_if(Notice.is_absent() | lease_lapsed)


def advance(version: str, person_id: str, mail_id: str, before: str, after: str) -> bool:
    """Move a notice from state `before` to `after`; False where it is in another state, or another mail's by now."""
    is_ours = (Notice.state == before) & (Notice.mail_id == mail_id)
    return Notice(version, person_id).update_if(is_ours, state=after)


def release(version: str, person_id: str, mail_id: str) -> None:
    """Delete a notice whose mail was certainly not sent, so that it can be claimed again."""
    is_ours = (Notice.state == "sending") & (Notice.mail_id == mail_id)
    Notice(version, person_id).delete_if(is_ours)


def delete_of_person(person_id: str) -> int:
    """Delete the notices to a person, as part of an erasure; returns how many."""
    rows = list(of_person(person_id))
    for row in rows:
        row.delete()
    return len(rows)
