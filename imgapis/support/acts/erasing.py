"""Erasures that staff schedule and undo; two of them are needed where the workspace has several members (P19)."""

from accounts import audit
from accounts.models import Person, Staff, Workspace, members
from imgapis.base import clock
from imgapis.models import PrivacyRequest, erasures
from imgapis.privacy import erasure, steps
from imgapis.support import audit_log

CONSENT_SECONDS = 7 * clock.DAY
WARNING = "It begins in seven days, can be taken back until then, and takes everything with it."


def of_workspace(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    """Schedule the erasure of a workspace. With several members, two staff must ask for it within CONSENT_SECONDS (7
    days): the first only records a proposal."""
    if len(members.of_workspace(row.workspace_id)) > 1 and not _proposed(member, row):
        audit.record(
            row.workspace_id,
            audit_log.actor(member),
            "erasure.proposed",
            row.workspace_id,
            reason=cleaned_data["reason"],
        )
        return "Others are in this workspace: a second member of staff must ask for it too, within seven days."
    return _request(member, "workspace", row.workspace_id, row.workspace_id, cleaned_data)


def proposal(row: Workspace) -> str:
    """Until when an open proposal waits for a second member of staff; empty where there is none."""
    proposals = [] if is_pending(row.workspace_id) else _proposals(row)
    return clock.stamp(audit.time_of(proposals[0]) + CONSENT_SECONDS) if proposals else ""


def _proposals(row: Workspace) -> list[audit.AuditEntry]:
    """The proposals of the last CONSENT_SECONDS since the last undo, newest first."""
    proposals, oldest = [], clock.now() - CONSENT_SECONDS
    for entry in audit.newest(row.workspace_id, 500):
        if audit.time_of(entry) < oldest or entry.act == "erasure.undone":
            break
        if entry.act == "erasure.proposed":
            proposals.append(entry)
    return proposals


def _proposed(member: Staff, row: Workspace) -> bool:
    """Whether another member of staff has an open proposal."""
    return any(entry.actor != audit_log.actor(member) for entry in _proposals(row))


def undo_workspace(member: Staff, row: Workspace, cleaned_data: dict) -> str:
    """Undo the erasure of a workspace."""
    return _undo(member, row.workspace_id, row.workspace_id, cleaned_data)


def of_person(member: Staff, person: Person, cleaned_data: dict) -> str:
    """Schedule the erasure of an account."""
    return _request(member, "person", person.person_id, audit.log_of_person(person.person_id), cleaned_data)


def undo_person(member: Staff, person: Person, cleaned_data: dict) -> str:
    """Undo the erasure of an account."""
    return _undo(member, person.person_id, audit.log_of_person(person.person_id), cleaned_data)


def of_request(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    """Schedule the erasure a privacy request is about; its days count from the day the request came."""
    return _request(member, "person", row.person_id, audit_log.log_of(row), cleaned_data, asked=float(row.received))


def progress(subject_id: str) -> dict:
    """The template context of an erasure's state: `erasure` is a sentence, empty where none is scheduled."""
    row = erasures.find(subject_id)
    if row is None or row.state == "undone":
        return {"erasure": ""}
    if row.state == "scheduled":
        return {"erasure": f"Erasure is asked for: it begins on {clock.stamp(row.due)}, and can be undone until then."}
    waits = {
        "invoice": "Erasure has begun, and waits for Stripe to invoice what was used beyond the plan.",
        "payment": "Erased twice with us; the customer at Stripe waits for its last invoice to be paid.",
    }
    if sentence := waits.get(steps.waits_for(row)):
        return {"erasure": sentence}
    sentences = {"running": "Erasure has begun.", "swept": "Erased once; the second sweep is to come."}
    return {"erasure": sentences.get(row.state, "Erased, and certified.")}


def is_pending(subject_id: str) -> bool:
    """Whether an erasure is scheduled and has not begun."""
    row = erasures.find(subject_id)
    return row is not None and row.state == "scheduled"


def certificate_of(row: PrivacyRequest) -> str:
    """The id that names the certificate of a finished erasure; empty for any other request."""
    erasure_row = erasures.find(row.person_id) if row.person_id else None
    return erasure_row.subject_id if erasure_row is not None and erasure_row.state == "done" else ""


def _request(
    member: Staff, kind: str, subject_id: str, log: str, cleaned_data: dict, asked: float | None = None
) -> str:
    entry = audit.entry(log, audit_log.actor(member), "erasure.asked", subject_id, reason=cleaned_data["reason"])
    row = erasure.request(kind, subject_id, asked=asked, entry=entry)
    return f"The erasure begins on {clock.stamp(row.due)}; its certificate will be found by {subject_id}."


def _undo(member: Staff, subject_id: str, log: str, cleaned_data: dict) -> str:
    erasure.undo(
        subject_id,
        audit.entry(log, audit_log.actor(member), "erasure.undone", subject_id, reason=cleaned_data["reason"]),
    )
    return "The erasure is taken back. Nothing was deleted."
