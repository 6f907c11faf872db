"""The mailed link of an export: valid for a day, for its recipient, in their own session; no file is kept."""

import hashlib
import secrets
from collections.abc import Sequence

from accounts import audit
from accounts.models import AuditEntry, Person, members, workspaces
from accounts.sessions import throttles
from accounts.teams import roles
from imgapis.base import clock, dynamo
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail, outbox
from imgapis.models import ExportLink, export_links

LIFE_SECONDS = clock.DAY
PERMISSION = "workspace.own"


class TooManyMails(ApiError):
    """The address was sent its mails of this hour (A20)."""

    status = 429
    code = "too_many_mails"

    def __init__(self) -> None:
        super().__init__("Five links went to your address within the hour. Try again in an hour.", retry_after=3600)


def send(person: Person, kind: str, subject_id: str, name: str, entries: Sequence[AuditEntry] = ()) -> None:
    """Mail a person the link of an export of a `workspace` or a `person`; `name` is the subject's name in the mail. The
    caller has checked permission and a fresh code, or is staff and passes `entries` of the audit log.
    Raises TooManyMails."""
    if not throttles.allow_mail(person.email, "export"):
        raise TooManyMails
    link_mail = outbox.new_mail(
        person.email,
        "Your export from img apis",
        "emails/export_link.txt",
        {"name": name},
        completion="export link",
        reference=f"{kind} {subject_id} {person.person_id}",
        person_id=person.person_id,
        workspace_id=subject_id if kind == "workspace" else "",
    )
    with dynamo.transaction() as transaction:
        transaction.save(link_mail, if_absent=True)
        for entry in entries or (_entry(kind, subject_id, person.person_id),):
            audit.add_to_transaction(transaction, entry)
    mail.dispatch(link_mail)


@mail.completes("export link")
def _make_link(reference: str) -> mail.Completion:
    """Make the link when its mail leaves, so that none is at rest; its day counts from then."""
    kind, subject_id, person_id = reference.split(" ")
    token, expires = secrets.token_urlsafe(32), clock.utc(int(clock.now()) + LIFE_SECONDS)
    row = ExportLink(_digest(token), person_id=person_id, kind=kind, subject_id=subject_id, expires=expires)
    export_links.add(row)
    return mail.Completion({"token": token, "until": clock.stamp(expires.timestamp())})


def _entry(kind: str, subject_id: str, person_id: str) -> AuditEntry | None:
    """The audit entry by which the other owners of a workspace see the export; None for a person's own."""
    if kind != "workspace":
        return None
    return audit.entry(subject_id, person_id, "export.mailed", subject_id)


def open_link(token: str, person_id: str) -> ExportLink | None:
    """The unexpired link of a token, if it is this person's and they may still export its subject; else None, whatever
    the reason."""
    row = export_links.find_live(_digest(token))
    if row is None or row.person_id != person_id:
        return None
    return row if _may(row) else None


def _may(row: ExportLink) -> bool:
    """Whether the person may export the subject now, regardless of when the link was mailed."""
    if row.kind == "person":
        return row.subject_id == row.person_id
    membership = members.find(row.subject_id, row.person_id)
    return (
        membership is not None
        and roles.allows(membership.role, PERMISSION)
        and workspaces.find(row.subject_id) is not None
    )


def _digest(token: str) -> str:
    """256 random bits need no key and no salt."""
    return hashlib.sha256(token.encode()).hexdigest()
