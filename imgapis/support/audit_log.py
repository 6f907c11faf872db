"""The audit table as staff read it: which log an object's entries are in, and how an entry is shown."""

from typing import Any

from accounts import audit
from accounts.models import Person, Staff
from accounts.staff import staff
from imgapis.base import clock
from imgapis.base.admin import mirrors
from imgapis.base.dynamo import Row
from imgapis.models import PrivacyRequest
from imgapis.policy import requests

MOST = 500


def actor(member: Staff) -> str:
    """How the audit log names a member of staff."""
    return f"staff:{member.person_id}"


def log_of(row: Row) -> str:
    """The name of the log that an object's entries are in."""
    if isinstance(row, Person):
        return audit.log_of_person(row.person_id)
    if isinstance(row, PrivacyRequest):
        return requests.log_of(row.request_id)
    return getattr(row, "workspace_id", staff.LOG)


def of_row(row: Row) -> list[dict]:
    """The entries about an object, newest first: a workspace's whole log; for a row inside one, those that name it."""
    entries = audit.newest(log_of(row), MOST)
    keys = mirrors.keys_of(type(row))
    if len(keys) == 2 or log_of(row) == staff.LOG:
        targets = {str(getattr(row, name)) for name in keys} - {log_of(row)} | {mirrors.key_of(row)}
        entries = [entry for entry in entries if entry.target in targets]
    return [entry_fields(entry) for entry in entries]


def entry_fields(entry: Any) -> dict:
    """The template context of an entry."""
    return {
        "time": clock.stamp_exact(audit.time_of(entry)),
        "actor": entry.actor,
        "said": audit.ACTS[entry.act],
        "target": entry.target,
        "before": _text(entry.before),
        "after": _text(entry.after),
        "reason": entry.reason,
    }


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(item)}" for name, item in value.items())
    return "" if value is None else str(value)
