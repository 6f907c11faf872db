"""Staff actions on a privacy request."""

from accounts import audit
from accounts.models import Staff, people
from imgapis.models import PrivacyRequest
from imgapis.policy import requests
from imgapis.privacy import links
from imgapis.support import audit_log
from imgapis.support.acts import erasing
from imgapis.support.acts.base import Act, SubjectGone, table
from imgapis.support.forms import ActForm, CloseForm


def _confirm(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    requests.confirm(row.request_id, audit_log.actor(member), cleaned_data["reason"])
    return "The receipt is noted as confirmed."


def _extend(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    requests.extend(row.request_id, audit_log.actor(member), cleaned_data["reason"])
    return "The request has more days. Tell the person so."


def _offer_export(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    """Mail the link of an export. The person downloads the copy in their own session: staff never see it. The mail goes
    to the account's present address, which may differ from the request's. Raises NothingThere, TooManyMails."""
    person = people.find(row.person_id) if row.person_id else None
    if row.kind != "access" or row.state != "open" or person is None:
        raise SubjectGone("This is no open request for a copy of an account's data.")
    entry_fields = (audit_log.actor(member), "export.offered", row.request_id)
    logs = (audit_log.log_of(row), audit.log_of_person(person.person_id))
    entries = [audit.entry(log, *entry_fields, reason=cleaned_data["reason"]) for log in logs]
    links.send(person, "person", person.person_id, "your account", entries)
    return "The link is on its way. It lives a day; close the request when the person has the copy."


def _close(member: Staff, row: PrivacyRequest, cleaned_data: dict) -> str:
    certificate = erasing.certificate_of(row)
    requests.close(
        row.request_id, cleaned_data["outcome"], certificate, audit_log.actor(member), cleaned_data["reason"]
    )
    return "The request is closed; its address is struck out."


REQUEST = table(
    Act(
        "confirm",
        "requests.work",
        "Note the receipt as confirmed",
        ActForm,
        _confirm,
        is_applicable=lambda row: not row.confirmed,
    ),
    Act(
        "extend",
        "requests.work",
        "Note that it takes longer",
        ActForm,
        _extend,
        is_applicable=lambda row: row.kind != "delete" and not row.extended and not requests.is_late(row),
    ),
    Act(
        "export",
        "requests.work",
        "Mail the link of the copy",
        ActForm,
        _offer_export,
        "It goes to the account's own address and works in the person's own session alone: staff never read the copy.",
        lambda row: row.kind == "access" and bool(row.person_id) and row.state == "open",
    ),
    Act(
        "erase",
        "erasure.ask",
        "Erase the account it is about",
        ActForm,
        erasing.of_request,
        erasing.WARNING,
        lambda row: row.kind == "delete" and bool(row.person_id) and not erasing.is_pending(row.person_id),
    ),
    Act("close", "requests.work", "Close", CloseForm, _close, "The address is struck out when it is closed."),
)
