"""The pages of support beside the stock ones: the search box, a workspace, a person, a privacy request, the acts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.models import Staff, people, workspaces
from accounts.requests import StaffHttpRequest
from accounts.staff import staff_rights
from imgapis.base import clock
from imgapis.base.admin.row_admin import RowSite
from imgapis.base.errors import ApiError
from imgapis.models import PrivacyRequest
from imgapis.policy import requests
from imgapis.support import audit_log, diagnoses, dossier, notices, recording, search
from imgapis.support.acts import erasing
from imgapis.support.acts.base import Act
from imgapis.support.acts.of_people import PERSON
from imgapis.support.acts.of_requests import REQUEST
from imgapis.support.acts.of_workspaces import WORKSPACE


@dataclass(frozen=True)
class Kind:
    """A kind of object of actions: how it is looked up, its actions, its page, and its name on a page."""

    find: Callable[[str], Any]
    acts: dict[str, Act]
    page: str
    name: Callable[[Any], str]


def _request(request_id: str) -> Any:
    try:
        return requests.of_id(request_id)
    except requests.UnknownRequest:
        return None


KINDS = {
    "workspace": Kind(workspaces.find, WORKSPACE, "support-workspace", lambda row: row.namespace),
    "person": Kind(people.find, PERSON, "support-person", lambda row: dossier.masked(row.email)),
    "request": Kind(_request, REQUEST, "support-request", lambda row: row.request_id),
}


def front(member: Staff) -> dict[str, Any]:
    """The template context of the front page: requests by due day, and what the role may do."""
    role = member.role
    due_requests = requests.list_all() if staff_rights.allows(role, "requests.see") else []
    return {
        "due": [_request_fields(row) for row in due_requests],
        "role": role,
        "rights": [meaning for meaning, roles in staff_rights.RIGHTS.values() if role in roles],
        "sees_requests": staff_rights.allows(role, "requests.see"),
        "sends_notices": staff_rights.allows(role, "notice.send"),
        "records_requests": staff_rights.allows(role, "requests.work"),
    }


@require_POST
def find(request: StaffHttpRequest, site: RowSite) -> HttpResponse:
    """Redirect to the page that the text names. A POST, so that no e-mail address appears in a URL."""
    _require(request, "customers.see")
    text, failure = request.POST.get("q", ""), ""
    try:
        path = search.resolve(text) if text.strip() else None
    except ApiError as refusal:  # of Stripe, which some look-ups need
        path, failure = None, refusal.message
    if path:
        return redirect(path)
    context = {**site.each_context(request), "title": "Not looked up" if failure else "Nothing found", "away": failure}
    return TemplateResponse(request, "admin/nothing_found.html", context, status=503 if failure else 404)


@require_GET
def workspace(request: StaffHttpRequest, site: RowSite, subject: str) -> HttpResponse:
    """The page of a workspace."""
    _require(request, "customers.see")
    row = _subject("workspace", subject)
    context = dossier.of_workspace(row) | {"title": row.namespace, "doctor": site.allows(request, "doctor.run")}
    context |= erasing.progress(row.workspace_id) | {"proposal": erasing.proposal(row)}
    return _page(site, request, "workspace", subject, row, context)


@require_GET
def person(request: StaffHttpRequest, site: RowSite, subject: str) -> HttpResponse:
    """The page of a person: workspaces, sessions, staff actions."""
    _require(request, "customers.see")
    row = _subject("person", subject)
    context = dossier.of_person(row) | erasing.progress(row.person_id) | {"title": dossier.masked(row.email)}
    return _page(site, request, "person", subject, row, context)


@require_GET
def privacy_request(request: StaffHttpRequest, site: RowSite, subject: str) -> HttpResponse:
    """The page of a privacy request. Its address is shown to staff who work on requests: the answer goes there."""
    _require(request, "requests.see")
    row = _subject("request", subject)
    person = people.find(row.person_id) if row.person_id else None
    context = _request_fields(row) | {"row": row, "title": f"Privacy request {row.request_id}", "person": person}
    context |= erasing.progress(row.person_id) if row.person_id else {}
    context |= {"confirmed": _day(row.confirmed), "extended": _day(row.extended)}
    return _page(site, request, "request", subject, row, context | {"entries": audit_log.of_row(row)})


@require_http_methods(["GET", "POST"])
def act(request: StaffHttpRequest, site: RowSite, kind: str, subject: str, act: str) -> HttpResponse:
    """An action's form, then the action. Without a reason nothing is done: 400."""
    selected_act = KINDS[kind].acts.get(act) if kind in KINDS else None
    if selected_act is None:
        raise Http404
    _require(request, selected_act.right)
    row = _subject(kind, subject)
    back = reverse(f"admin:{KINDS[kind].page}", args=[subject])
    form = selected_act.form(row, request.POST if request.method == "POST" else None)
    status = 400 if request.method == "POST" else 200
    if form.is_valid():
        try:
            messages.success(request, selected_act.perform(request.staff_member, row, form.cleaned_data))
        except ApiError as refusal:
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
            status = refusal.status
        else:
            return redirect(back)
    context = {
        "title": selected_act.title,
        "form": form,
        "act": selected_act,
        "back": back,
        "subject": KINDS[kind].name(row),
    }
    return TemplateResponse(request, "admin/act.html", {**site.each_context(request), **context}, status=status)


def _page(
    site: RowSite, request: StaffHttpRequest, kind: str, subject: str, row: Any, context: dict[str, Any]
) -> HttpResponse:
    """Render a page with the actions that the role may take now."""
    act_links = [
        {
            "title": candidate.title,
            "link": reverse("admin:support-act", args=[kind, subject, candidate.name]),
            "grave": candidate.name == "erase",
        }
        for candidate in KINDS[kind].acts.values()
        if site.allows(request, candidate.right) and candidate.is_applicable(row)
    ]
    return TemplateResponse(
        request, f"admin/support_{kind}.html", {**site.each_context(request), **context, "acts": act_links}
    )


def _subject(kind: str, subject: str) -> Any:
    row = KINDS[kind].find(subject)
    if row is None:
        raise Http404
    return row


def _require(request: StaffHttpRequest, right: str) -> None:
    staff_rights.require(request.staff_member.role, right)


def _day(moment: float | None) -> str:
    return clock.day(moment) if moment else "no"


def _request_fields(row: PrivacyRequest) -> dict[str, Any]:
    """A request for a list: its kind, its days, and whether it is late."""
    return {
        "id": row.request_id,
        "law": requests.LAWS[row.law],
        "kind": requests.KINDS[row.kind],
        "state": row.state,
        "received": clock.day(row.received),
        "due": clock.day(row.due),
        "late": requests.is_late(row),
        "link": reverse("admin:support-request", args=[row.request_id]),
    }


ROUTES: list[tuple[str, Callable[..., HttpResponse], str]] = [
    ("find/", find, "support-find"),
    ("doctor/<str:subject>/", diagnoses.doctor, "support-doctor"),
    ("notice/", notices.notice, "support-notice"),
    ("requests/new/", recording.record, "support-record"),
    ("workspace/<str:subject>/", workspace, "support-workspace"),
    ("person/<str:subject>/", person, "support-person"),
    ("request/<str:subject>/", privacy_request, "support-request"),
    ("act/<slug:kind>/<str:subject>/<slug:act>/", act, "support-act"),
]
