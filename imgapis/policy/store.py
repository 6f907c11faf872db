"""Reads and writes of announcements, notices and proofs; every race is decided here by a condition."""

from collections.abc import Iterator

from pynamodb.exceptions import DoesNotExist

from imgapis.base import clock
from imgapis.rows.policy import Announcement, Notice, PrivacyProof

VERIFY = "verify_privacy"


def announcement(version: str) -> Announcement | None:
    """The announcement of a version."""
    return Announcement.find(version)


def announce(version: str, effective: str, begun: float) -> Announcement:
    """Create the announcement of a version, or return the existing one."""
    row = Announcement(version, effective=effective, begun=begun)
    row.save_if(Announcement.is_absent())
    return Announcement.require(version)


def move_effect(version: str, effective: str) -> None:
    """Move the day a version takes effect; an earlier day is ignored."""
    is_later = Announcement.is_present() & (Announcement.effective < effective)
    Announcement(version).update_if(is_later, effective=effective)


def complete(version: str, moment: float) -> None:
    """Record when everybody had been notified; a time already recorded stays."""
    is_first = Announcement.is_present() & (Announcement.completed == 0)
    Announcement(version).update_if(is_first, completed=moment)


def notice(version: str, person_id: str) -> Notice | None:
    """The notice of a version to a person, or None."""
    return Notice.find(version, person_id)


def notices(version: str) -> Iterator[Notice]:
    """Every notice of a version, sent or in progress."""
    return Notice.query(version, consistent_read=True)


def notices_of(person_id: str) -> Iterator[Notice]:
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


def delete_notices(person_id: str) -> int:
    """Delete the notices to a person, as part of an erasure; returns how many."""
    rows = list(notices_of(person_id))
    for row in rows:
        row.delete()
    return len(rows)


def last_proof() -> PrivacyProof | None:
    """The last result of verify_privacy."""
    try:
        return PrivacyProof.get(VERIFY)
    except DoesNotExist:
        return None


def save_proof(moment: float, checks: dict[str, str]) -> None:
    """Store a result of verify_privacy (check → state), unless a newer one is stored."""
    is_older = PrivacyProof.is_absent() | (PrivacyProof.moment <= moment)
    PrivacyProof(VERIFY).update_if(is_older, moment=moment, checks=checks)
