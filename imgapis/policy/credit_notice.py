"""Telling the owners of paid workspaces of the changed rules of credits (H1, H6): once each, resumable."""

from collections import Counter
from dataclasses import dataclass

from accounts.models import Person, members, people
from accounts.models import workspaces as workspace_rows
from billing.stripe import customers, gateway
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail
from imgapis.models import announcements
from imgapis.models import notices as notice_rows
from imgapis.policy import notices

NAME = "credits-2026-12"
SUBJECT = "How credits are counted on your img apis plan has changed"


class TooLate(ApiError):
    """The notice was begun so long ago that it is not known any more who has had it."""

    status = 409
    code = "notice_too_late"

    def __init__(self) -> None:
        super().__init__("This notice was begun long ago: who has had it is not on record any more.")


@dataclass(frozen=True)
class Recipient:
    """An owner, and the names of the paid workspaces that the mail is about."""

    person: Person
    workspaces: tuple[str, ...]


@dataclass(frozen=True)
class Preview:
    """To how many the mail would go, and one of them as its reader would see it; empty where nobody waits."""

    waiting: int
    text: str


def preview() -> Preview:
    """Count and show, and change nothing. Raises TooLate."""
    _require_in_time()
    told_ids = {row.person_id for row in notice_rows.of_version(NAME) if row.state != "claimed"}
    waiting = [recipient for recipient in recipients() if recipient.person.person_id not in told_ids]
    return Preview(len(waiting), text(waiting[0]) if waiting else "")


def send() -> Counter:
    """Mail every owner who has not been told; returns how many are in each state afterwards. It may run twice at once,
    and again after a crash. Raises TooLate."""
    _require_in_time()
    now = clock.now()
    announcements.announce(NAME, clock.day(now), now)
    everybody = recipients()
    for recipient in everybody:
        mail_id = notices.claim_mail(NAME, recipient.person)
        try:
            if mail_id:
                notices.deliver(NAME, recipient.person, mail_id, SUBJECT, text(recipient))
        except mail.MailServerUnavailable:
            break
    rows = {row.person_id: row.state for row in notice_rows.of_version(NAME)}
    states = Counter(rows.get(recipient.person.person_id, "waiting") for recipient in everybody)
    if not set(states) - set(notices.FINAL_STATES):
        announcements.complete(NAME, clock.now())
    return states


def recipients() -> list[Recipient]:
    """The owners of workspaces whose paid plan is served now, by address; each once, however many they own."""
    names: dict[str, list[str]] = {}
    for row in customers.iter_all():
        workspace = workspace_rows.find(row.workspace_id) if row.state in gateway.ENTITLED_STATES else None
        if workspace is None:
            continue
        for member in members.of_workspace(row.workspace_id):
            if member.role == "owner":
                names.setdefault(member.person_id, []).append(workspace.business_name or workspace.namespace)
    owners = sorted(people.of_ids(list(names)), key=lambda person: person.email)
    return [Recipient(person, tuple(sorted(names[person.person_id]))) for person in owners]


def text(recipient: Recipient) -> str:
    """The mail to an owner."""
    return mail.text("emails/credit_notice.txt", {"workspaces": ", ".join(recipient.workspaces)})


def _require_in_time() -> None:
    announcement = announcements.find(NAME)
    if announcement is not None and clock.now() - announcement.begun > notices.OLDEST_SECONDS:
        raise TooLate
