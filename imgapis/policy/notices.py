"""Notifying every account of a new policy version: at least 14 days ahead, resumable, nobody twice (P23)."""

from collections import Counter
from dataclasses import dataclass

from accounts.models import Person, people
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from imgapis.models import Announcement, Notice, announcements
from imgapis.models import notices as notice_rows
from imgapis.policy import versions
from imgapis.policy.versions import Version

AHEAD_DAYS = 14
MARGIN_SECONDS = 60  # what a mail server may take to answer
LEASE_SECONDS = 60.0
KEPT_SECONDS = 90 * clock.DAY
# TTL may have removed rows of older notices, so their list of recipients is not relied on.
OLDEST_SECONDS = 80 * clock.DAY
FINAL_STATES = ("sent", "refused")


class TooSoon(ApiError):
    """A notice would come less than 14 days ahead."""

    status = 409
    code = "notice_too_soon"


class NoSuchVersion(ApiError):
    """There is no version to announce: no file, or one that is in effect already."""

    status = 404
    code = "policy_version_unknown"


class NothingToResolve(ApiError):
    """The mail is not in the state `sending`, where it is unknown whether it was sent."""

    status = 404
    code = "notice_unknown"


@dataclass(frozen=True)
class Preview:
    """What would be sent: the day, to how many, and the mail as they would read it."""

    effective: str
    waiting: int
    subject: str
    text: str


def preview(name: str) -> Preview:
    """Count and show, and change nothing. Raises NoSuchVersion and TooSoon as `send` does."""
    version = checked(name)
    day = versions.takes_effect(version)
    announcement = announcements.find(name)
    notified_ids = {row.person_id for row in notice_rows.of_version(name) if row.state != "claimed"}
    waiting_count = sum(person.person_id not in notified_ids for person in _people(announcement))
    return Preview(day, waiting_count, subject(day), text(version, day))


def send(name: str) -> Counter:
    """Mail every account that has not been notified; returns how many are in each state afterwards.

    It may run twice at once, and again after a crash. A person is claimed before the mail is begun, and marked before
    it is handed over; a row left in `sending` without a result is sent again only where `mail.deduplicates_ids()`.
    """
    version = checked(name)
    announcement = announcements.announce(name, versions.takes_effect(version), clock.now())
    for person in _people(announcement):
        mail_id = claim_mail(name, person)
        try:
            if mail_id:
                _send_one(version, person, mail_id)
        except mail.MailServerUnavailable:
            break
    return _count_states(announcement)


def resolve(name: str, mail_id: str, was_sent: bool) -> None:
    """Record whether an unsure mail was sent, by the mail server's log of its Message-ID. Raises NothingToResolve."""
    row = next((row for row in unresolved(name) if row.mail_id == mail_id), None)
    if row is None:
        raise NothingToResolve(f"No mail {mail_id} of this notice is unsure.")
    if was_sent:
        notice_rows.advance(name, row.person_id, mail_id, "sending", "sent")
    else:
        notice_rows.release(name, row.person_id, mail_id)


def unresolved(name: str) -> list[Notice]:
    """The mails of which it is unknown whether they were sent; without those under another process's live lease."""
    return [row for row in notice_rows.of_version(name) if row.state == "sending" and row.lease < clock.now()]


def checked(name: str) -> Version:
    """The version, if its notice may be started or resumed. Raises NoSuchVersion and TooSoon."""
    version = versions.named(name)
    if version is None or version == versions.list_all()[0] or versions.in_effect(version):
        raise NoSuchVersion(f"There is no coming policy version {name}: its file would be docs/policy/{name}.md.")
    announcement, now = announcements.find(name), clock.now()
    if announcement is None and versions.takes_effect(version) < earliest_day(now):
        raise TooSoon(f"{name} is less than {AHEAD_DAYS} days ahead: plan it for {earliest_day(now)} or later.")
    if announcement is not None and now - announcement.begun > OLDEST_SECONDS:
        raise TooSoon(f"The notice of {name} was begun long ago: give the change a version of its own.")
    return version


def earliest_day(moment: float) -> str:
    """The first day that begins at least 14 days after a mail of this moment has been taken."""
    return clock.day(moment + MARGIN_SECONDS + AHEAD_DAYS * clock.DAY + clock.DAY - 1)


def subject(day: str) -> str:
    """What the mail is about."""
    return f"Our privacy policy changes on {day}"


def text(version: Version, day: str) -> str:
    """The mail."""
    context = {"day": day, "summary": version.summary, "path": f"/privacy/versions/{version.name}"}
    return mail.text("emails/policy_notice.txt", context)


def _people(announcement: Announcement | None) -> list[Person]:
    """Every person whose account existed when the notice began: later ones have seen it on the site."""
    announced_at = announcement.begun if announcement else clock.now()
    return [person for person in people.iter_all() if person.created <= announced_at]


def claim_mail(name: str, person: Person) -> str:
    """The id of the mail of a notice that this process is to send to a person; empty where there is none to send."""
    row, now = notice_rows.find(name, person.person_id), clock.now()
    if row is not None and row.state == "sending" and mail.deduplicates_ids():
        return row.mail_id
    if row is not None and (row.state != "claimed" or row.lease >= now):
        return ""
    mail_id = tokens.time_ordered_id(now)
    is_claimed = notice_rows.claim(name, person.person_id, mail_id, now, now + LEASE_SECONDS, now + KEPT_SECONDS)
    return mail_id if is_claimed and notice_rows.advance(name, person.person_id, mail_id, "claimed", "sending") else ""


def _send_one(version: Version, person: Person, mail_id: str) -> None:
    """Mail a person whose row is in the state `sending`. Raises MailServerUnavailable."""
    day = _postpone_if_late(version)
    deliver(version.name, person, mail_id, subject(day), text(version, day))


def deliver(name: str, person: Person, mail_id: str, subject: str, text: str) -> None:
    """Mail a notice to a person who was claimed for it, and record the outcome. Raises MailServerUnavailable."""
    try:
        mail.send_now(person.email, subject, text, mail_id)
    except mail.NotAccepted as error:
        if error.permanent:
            notice_rows.advance(name, person.person_id, mail_id, "sending", "refused")
            return
        notice_rows.release(name, person.person_id, mail_id)
        if isinstance(error, mail.MailServerUnavailable):
            raise
    except mail.DeliveryUnknown:
        pass  # the row stays as it is: `sending`, for a person to settle
    else:
        notice_rows.advance(name, person.person_id, mail_id, "sending", "sent")


def _postpone_if_late(version: Version) -> str:
    """The day the version takes effect, moved for every account where this mail would come too late."""
    earliest = earliest_day(clock.now())
    if versions.takes_effect(version) < earliest:
        announcements.move_effect(version.name, earliest)
    return versions.takes_effect(version)


def _count_states(announcement: Announcement) -> Counter:
    """How many people are in each state; once none waits, the announcement is completed."""
    rows: dict[str, Notice] = {row.person_id: row for row in notice_rows.of_version(announcement.version)}
    states = Counter(
        rows[person.person_id].state if person.person_id in rows else "waiting" for person in _people(announcement)
    )
    if not [state for state in states if state not in FINAL_STATES]:
        announcements.complete(announcement.version, clock.now())
    return states
