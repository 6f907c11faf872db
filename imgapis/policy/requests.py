"""Privacy requests that came by mail: recorded, due, extended, closed (P21, P19)."""

from typing import Any

from accounts import audit
from accounts.models import AuditEntry
from accounts.people import email_addresses, people
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from imgapis.models import PrivacyRequest, privacy_requests

LAWS = {"gdpr": "GDPR", "uk_gdpr": "UK GDPR", "ccpa": "CCPA"}
KINDS = {
    "access": "a copy of the data",
    "correct": "a correction",
    "delete": "erasure",
    "object": "an objection",
    "restrict": "a restriction",
    "question": "a question",
}
ERASURE_DAYS = 30  # P19: no law's longer term is used for an erasure
CCPA_DAYS = 45
CONFIRM_DAYS = 10
KEPT_SECONDS = 731 * clock.DAY


class UnknownRequest(ApiError):
    """There is no such request."""

    status = 404
    code = "request_unknown"

    def __init__(self) -> None:
        super().__init__("There is no privacy request of this id.")


class RequestRefused(ApiError):
    """A change that the state, the dates or the law of a request rules out."""

    status = 409
    code = "request_refused"


def log_of(request_id: str) -> str:
    """The name of the log of what was done about a request."""
    return f"request:{request_id}"


def record(*, law: str, kind: str, address: str, received: float, actor: str = "system") -> PrivacyRequest:
    """Record a request that came at `received`. Raises InvalidEmail, or RequestRefused for what no request can be.

    Here and in every change of a request, `actor` is who makes it, and the audit entry is in the same transaction.
    """
    if law not in LAWS or kind not in KINDS:
        raise RequestRefused(f"The law is one of {', '.join(LAWS)}; the kind one of {', '.join(KINDS)}.")
    if received > clock.now():
        raise RequestRefused("A request cannot have come in the future.")
    email = email_addresses.canonical(address)
    person = people.of_email(email)
    row = PrivacyRequest(
        tokens.random_id("pr"),
        law=law,
        kind=kind,
        address=email,
        person_id=person.person_id if person else "",
        received=received,
        due=due(law, kind, received),
        state="open",
    )
    entry = _entry(row, actor, "request.recorded", None, {"law": law, "kind": kind})
    is_new = PrivacyRequest.is_absent()
    audit.run_with_entry(entry, lambda transaction: transaction.save(row, condition=is_new))
    return row


def due(law: str, kind: str, received: float, extended: bool = False) -> float:
    """When a request is due, in seconds since 1970: one month, two more when extended; under CCPA 45 days, and 45 more.
    An erasure has 30 days whatever the law, and no more (P19)."""
    if law == "ccpa":
        deadline = received + CCPA_DAYS * clock.DAY * (2 if extended else 1)
    else:
        deadline = clock.months_after(received, 3 if extended else 1)
    return min(deadline, received + ERASURE_DAYS * clock.DAY) if kind == "delete" else deadline


def of_id(request_id: str) -> PrivacyRequest:
    """A request; UnknownRequest where there is none."""
    row = privacy_requests.find(request_id)
    if row is None:
        raise UnknownRequest
    return row


def list_all(*, closed: bool = False) -> list[PrivacyRequest]:
    """The open requests by due date; with `closed` the closed ones after them."""
    rows = [row for row in privacy_requests.iter_all() if closed or row.state == "open"]
    return sorted(rows, key=lambda row: (row.state != "open", row.due))


def is_late(row: PrivacyRequest) -> bool:
    """Whether a request is open beyond its day."""
    return row.state == "open" and row.due < clock.now()


def confirm(request_id: str, actor: str = "system", reason: str = "") -> PrivacyRequest:
    """Record that the receipt was confirmed to the person."""
    row = of_id(request_id)
    return _change(row, _entry(row, actor, "request.confirmed", reason=reason), confirmed=clock.now())


def extend(request_id: str, actor: str = "system", reason: str = "") -> PrivacyRequest:
    """Record the extension the person was notified of: once, before it is due, never for an erasure. RequestRefused."""
    row = of_id(request_id)
    if row.kind == "delete":
        raise RequestRefused("An erasure is done within 30 days: it cannot be extended.")
    if row.extended or row.due < clock.now():
        raise RequestRefused("A request can be extended once, and only before it is due.")
    new_due = due(row.law, row.kind, row.received, extended=True)
    entry = _entry(row, actor, "request.extended", {"due": clock.day(row.due)}, {"due": clock.day(new_due)}, reason)
    return _change(row, entry, extended=clock.now(), due=new_due)


def close(
    request_id: str, outcome: str, certificate: str = "", actor: str = "system", reason: str = ""
) -> PrivacyRequest:
    """Close a request as `done` or `refused`. Its address goes at once; the rest stays for 24 months as evidence."""
    if outcome not in ("done", "refused"):
        raise RequestRefused("A request is closed as done or as refused.")
    now = clock.now()
    expires = clock.utc(now + KEPT_SECONDS)
    row = of_id(request_id)
    entry = _entry(row, actor, "request.closed", None, {"outcome": outcome}, reason)
    return _change(row, entry, state=outcome, closed=now, certificate=certificate, expires=expires, address=None)


def _entry(
    row: PrivacyRequest, actor: str, act: str, before: Any = None, after: Any = None, reason: str = ""
) -> AuditEntry:
    return audit.entry(log_of(row.request_id), actor, act, row.request_id, before, after, reason)


def _change(row: PrivacyRequest, entry: AuditEntry, **values: Any) -> PrivacyRequest:
    """Change an open request; RequestRefused where it is closed."""
    actions = [
        getattr(PrivacyRequest, name).remove() if value is None else getattr(PrivacyRequest, name).set(value)
        for name, value in values.items()
    ]
    is_open = PrivacyRequest.state == "open"
    if not audit.run_with_entry(entry, lambda transaction: transaction.update(row, actions=actions, condition=is_open)):
        raise RequestRefused("This request is closed.")
    return of_id(row.request_id)
