"""What can be asked of announcements, notices and proofs; each race is settled here by a condition."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pynamodb.exceptions import DoesNotExist

from imgapis.policy.rows import Announcement, Notice, PrivacyProof

VERIFY = "verify_privacy"


def announcement(version: str) -> Announcement | None:
    """The announcement of a version."""
    return Announcement.find(version)


def announce(version: str, effective: str, begun: float) -> Announcement:
    """Begin to tell people of a version; the one begun first holds."""
    row = Announcement(version, effective=effective, begun=begun)
    row.save_if(Announcement.version.does_not_exist())
    return announcement(version)


def move_effect(version: str, effective: str) -> None:
    """Let a version take effect later; an earlier day is not taken."""
    is_later = Announcement.version.exists() & (Announcement.effective < effective)
    Announcement(version).update_if(is_later, effective=effective)


def complete(version: str, moment: float) -> None:
    """Note that everybody has been told; the first moment stays."""
    is_first = Announcement.version.exists() & (Announcement.completed == 0)
    Announcement(version).update_if(is_first, completed=moment)


def notice(version: str, person_id: str) -> Notice | None:
    """What is known of telling a person."""
    return Notice.find(version, person_id)


def notices(version: str) -> Iterator[Notice]:
    """Everybody who is, or is being, told of a version."""
    return Notice.query(version, consistent_read=True)


def notices_of(person_id: str) -> Iterator[Notice]:
    """What a person was told of: for the export and the erasure."""
    return Notice.scan(Notice.person_id == person_id)


def claim(version: str, person_id: str, mail_id: str, now: float, lease: float, expires_at: float) -> bool:
    """Claim the telling of a person for this process; false where it is another's, or done."""
    row = Notice(
        version,
        person_id,
        mail_id=mail_id,
        state="claimed",
        lease=lease,
        expires=datetime.fromtimestamp(expires_at, UTC),
    )
    lease_lapsed = (Notice.state == "claimed") & (Notice.lease < now)
    return row.save_if(Notice.person_id.does_not_exist() | lease_lapsed)


def step(version: str, person_id: str, mail_id: str, before: str, after: str) -> bool:
    """Move a telling from one state to the next; false where it is not in the first, or another's by now."""
    is_ours = (Notice.state == before) & (Notice.mail_id == mail_id)
    return Notice(version, person_id).update_if(is_ours, state=after)


def release(version: str, person_id: str, mail_id: str) -> None:
    """Let a telling go whose mail has certainly not left, so that it can be begun again."""
    is_ours = (Notice.state == "sending") & (Notice.mail_id == mail_id)
    Notice(version, person_id).delete_if(is_ours)


def forget_notices(person_id: str) -> int:
    """Remove what a person was told: part of an erasure; how many rows went."""
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


def keep_proof(moment: float, checks: dict[str, str]) -> None:
    """Keep a result, the first or in place of the one before."""
    is_older = PrivacyProof.name.does_not_exist() | (PrivacyProof.moment <= moment)
    PrivacyProof(VERIFY).update_if(is_older, moment=moment, checks=checks)
