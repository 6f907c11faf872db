"""Staff actions on a person. Each is several writes, or none: its audit entry is written first."""

from accounts import audit
from accounts.models import Person, Staff
from accounts.sessions import sessions, throttles
from accounts.workspaces import workspaces
from imgapis.base.mail import mail
from imgapis.support import audit_log
from imgapis.support.acts import erasing
from imgapis.support.acts.base import Act, table
from imgapis.support.forms import ActForm


def _end_sessions(member: Staff, person: Person, cleaned_data: dict) -> str:
    _note(member, person, "sessions.ended", cleaned_data)
    sessions.end_all(person.person_id)
    return "Every session of this person has ended."


def _send_code(member: Staff, person: Person, cleaned_data: dict) -> str:
    _note(member, person, "code.sent", cleaned_data)
    throttles.reset_mail(person.email)
    mail.send(person.email, "Signing in to img apis", "emails/way_in.txt", person_id=person.person_id)
    return "A mail with the way in is on its way, and the next code they ask for leaves at once."


def _reveal(member: Staff, person: Person, cleaned_data: dict) -> str:
    _note(member, person, "address.revealed", cleaned_data)
    return f"The address is {person.email}"


def _note(member: Staff, person: Person, act: str, cleaned_data: dict) -> None:
    """Record an action on a person in the person's audit log, and in that of each workspace they belong to."""
    logs = [audit.log_of_person(person.person_id)]
    logs += [row.workspace_id for row, _ in workspaces.of_person(person.person_id)]
    for log in logs:
        audit.record(log, audit_log.actor(member), act, person.person_id, reason=cleaned_data["reason"])


PERSON = table(
    Act("send-code", "code.resend", "Let codes through again", ActForm, _send_code),
    Act("end-sessions", "sessions.end", "End every session", ActForm, _end_sessions),
    Act("reveal", "address.reveal", "Show the e-mail address", ActForm, _reveal),
    Act(
        "erase",
        "erasure.ask",
        "Erase the account",
        ActForm,
        erasing.of_person,
        erasing.WARNING,
        lambda person: not erasing.is_pending(person.person_id),
    ),
    Act(
        "keep",
        "erasure.ask",
        "Take the erasure back",
        ActForm,
        erasing.undo_person,
        is_applicable=lambda person: erasing.is_pending(person.person_id),
    ),
)
