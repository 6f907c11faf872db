"""Erasures that staff ask for and take back, by two of them where others are in the workspace (P19)."""

from accounts import audit, team_store
from accounts.models import Person, Workspace
from accounts.rows.staff import Staff
from imgapis.base import clock
from imgapis.policy.rows import PrivacyRequest
from imgapis.privacy import erasure
from imgapis.privacy import store as erasures
from imgapis.support import trail

CONSENT_SECONDS = 7 * 86_400
WARNING = "It begins in seven days, can be taken back until then, and takes everything with it."


def of_workspace(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    """With others in it, two members of staff ask for it, one after the other, within a week."""
    if len(team_store.members(row.workspace_id)) > 1 and not _proposed(member, row):
        audit.record(
            row.workspace_id, trail.actor(member), "erasure.proposed", row.workspace_id, reason=cleaned_data["reason"]
        )  # fmt: skip
        return "Others are in this workspace: a second member of staff must ask for it too, within seven days."
    return _ask(member, "workspace", row.workspace_id, row.workspace_id, cleaned_data)


def proposal(row: Workspace) -> str:
    """Until when a consent that stands waits for a colleague's; empty where none does."""
    proposals = [] if is_pending(row.workspace_id) else _proposals(row)
    return clock.stamp(audit.moment(proposals[0]) + CONSENT_SECONDS) if proposals else ""


def _proposals(row: Workspace) -> list[audit.AuditEntry]:
    """The consents of the last week that nobody has taken back since, newest first."""
    proposals, oldest = [], clock.now() - CONSENT_SECONDS
    for entry in audit.newest(row.workspace_id, 500):
        if audit.moment(entry) < oldest or entry.act == "erasure.undone":
            break
        if entry.act == "erasure.proposed":
            proposals.append(entry)
    return proposals


def _proposed(member: Staff, row: Workspace) -> bool:
    """Whether a colleague asked for it lately."""
    return any(entry.actor != trail.actor(member) for entry in _proposals(row))


def keep_workspace(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    """Take the erasure of a workspace back."""
    return _keep(member, row.workspace_id, row.workspace_id, cleaned_data)


def of_person(member: Staff, person: Person, cleaned_data: dict) -> str:
    """Ask for the erasure of an account."""
    return _ask(member, "person", person.person_id, audit.log_of_person(person.person_id), cleaned_data)


def keep_person(member: Staff, person: Person, cleaned_data: dict) -> str:
    """Take the erasure of an account back."""
    return _keep(member, person.person_id, audit.log_of_person(person.person_id), cleaned_data)


def of_request(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    """The days are counted from the request's mail."""
    return _ask(member, "person", row.person_id, trail.log_of(row), cleaned_data, asked=float(row.received))


def told(subject_id: str) -> dict:
    """How far the erasure of a workspace or a person is, for its page: `erasure` is empty where none is asked for."""
    row = erasures.erasure(subject_id)
    if row is None or row.state == "undone":
        return {"erasure": ""}
    if row.state == "scheduled":
        return {"erasure": f"Erasure is asked for: it begins on {clock.stamp(row.due)}, and can be undone until then."}
    sentences = {"running": "Erasure has begun.", "swept": "Erased once; the second sweep is to come."}
    return {"erasure": sentences.get(row.state, "Erased, and certified.")}


def is_pending(subject_id: str) -> bool:
    """Whether an erasure is asked for and has not begun."""
    row = erasures.erasure(subject_id)
    return row is not None and row.state == "scheduled"


def certificate_of(row: PrivacyRequest) -> str:
    """What names the certificate of an erasure that is done; empty for any other request."""
    erasure_row = erasures.erasure(row.person_id) if row.person_id else None
    return erasure_row.subject_id if erasure_row is not None and erasure_row.state == "done" else ""


def _ask(member: Staff, kind: str, subject_id: str, log: str, cleaned_data: dict, asked: float | None = None) -> str:
    entry = audit.entry(log, trail.actor(member), "erasure.asked", subject_id, reason=cleaned_data["reason"])
    row = erasure.ask(kind, subject_id, asked=asked, entry=entry)
    return f"The erasure begins on {clock.stamp(row.due)}; its certificate will be found by {subject_id}."


def _keep(member: Staff, subject_id: str, log: str, cleaned_data: dict) -> str:
    erasure.undo(
        subject_id, audit.entry(log, trail.actor(member), "erasure.undone", subject_id, reason=cleaned_data["reason"])
    )
    return "The erasure is taken back. Nothing was deleted."
