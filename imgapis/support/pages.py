"""The pages of support beside the stock ones: the search box, a workspace, a person, a privacy request, the acts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import staff_rights, store
from imgapis.base import clock
from imgapis.base.errors import Refusal
from imgapis.policy import requests
from imgapis.support import diagnoses, dossier, finding, notices, recording, trail
from imgapis.support.acts import erasing
from imgapis.support.acts.act import Act
from imgapis.support.acts.of_people import PERSON
from imgapis.support.acts.of_requests import REQUEST
from imgapis.support.acts.of_workspaces import WORKSPACE


@dataclass(frozen=True)
class Kind:
    """What acts are about: how it is found, which acts there are, and its own page."""

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
    "workspace": Kind(store.workspace, WORKSPACE, "support-workspace", lambda row: row.namespace),
    "person": Kind(store.person, PERSON, "support-person", lambda row: dossier.masked(row.email)),
    "request": Kind(_request, REQUEST, "support-request", lambda row: row.request_id),
}


def front(site, request: HttpRequest) -> dict:
    """What the front page shows: requests by due day, and what the role may do."""
    role = site.member(request).role
    due = requests.every() if staff_rights.allows(role, "requests.see") else []
    return {
        "due": [_told(row) for row in due], "role": role,
        "rights": [meaning for meaning, having in staff_rights.RIGHTS.values() if role in having],
        "sees_requests": staff_rights.allows(role, "requests.see"),
        "sends_notices": staff_rights.allows(role, "notice.send"),
        "records_requests": staff_rights.allows(role, "requests.work"),
    }  # fmt: skip


@require_POST
def find(request: HttpRequest, site) -> HttpResponse:
    """Lead to the page that the text names. A POST, so that no address of a person stands in an address bar."""
    _require(site, request, "customers.see")
    text, away = request.POST.get("q", ""), ""
    try:
        found = finding.place(text) if text.strip() else None
    except Refusal as refusal:  # Stripe is asked for what it alone knows
        found, away = None, refusal.message
    if found:
        return redirect(found)
    facts = {**site.each_context(request), "title": "Not looked up" if away else "Nothing found", "away": away}
    return TemplateResponse(request, "admin/nothing_found.html", facts, status=503 if away else 404)


@require_GET
def workspace(request: HttpRequest, site, subject: str) -> HttpResponse:
    """A workspace whole."""
    _require(site, request, "customers.see")
    row = _found("workspace", subject)
    facts = dossier.of_workspace(row) | {"title": row.namespace, "doctor": site.allows(request, "doctor.run")}
    facts |= erasing.told(row.workspace_id) | {"proposal": erasing.proposal(row)}
    return _page(site, request, "workspace", row, facts)


@require_GET
def person(request: HttpRequest, site, subject: str) -> HttpResponse:
    """A person: workspaces, sessions, what staff did."""
    _require(site, request, "customers.see")
    row = _found("person", subject)
    facts = dossier.of_person(row) | erasing.told(row.person_id) | {"title": dossier.masked(row.email)}
    return _page(site, request, "person", row, facts)


@require_GET
def privacy_request(request: HttpRequest, site, subject: str) -> HttpResponse:
    """A privacy request with its days. Its address is seen by who works requests off: the answer goes there."""
    _require(site, request, "requests.see")
    row = _found("request", subject)
    person = store.person(row.person_id) if row.person_id else None
    facts = _told(row) | {"row": row, "title": f"Privacy request {row.request_id}", "person": person}
    facts |= erasing.told(row.person_id) if row.person_id else {}
    facts |= {"confirmed": _day(row.confirmed), "extended": _day(row.extended)}
    return _page(site, request, "request", row, facts | {"entries": trail.of_row(row)})


@require_http_methods(["GET", "POST"])
def act(request: HttpRequest, site, kind: str, subject: str, act: str) -> HttpResponse:
    """An act's form, then the act. Without a reason nothing is done: 400."""
    chosen = KINDS[kind].acts.get(act) if kind in KINDS else None
    if chosen is None:
        raise Http404
    _require(site, request, chosen.right)
    row = _found(kind, subject)
    back = reverse(f"admin:{KINDS[kind].page}", args=[subject])
    form = chosen.form(row, request.POST if request.method == "POST" else None)
    status = 400 if request.method == "POST" else 200
    if form.is_valid():
        try:
            messages.success(request, chosen.do(site.member(request), row, form.cleaned_data))
        except Refusal as refusal:
            form.add_error(refusal.param if refusal.param in form.fields else None, refusal.message)
            status = refusal.status
        else:
            return redirect(back)
    facts = {"title": chosen.title, "form": form, "act": chosen, "back": back, "subject": KINDS[kind].name(row)}
    return TemplateResponse(request, "admin/act.html", {**site.each_context(request), **facts}, status=status)


def _page(site, request: HttpRequest, kind: str, row: Any, facts: dict) -> HttpResponse:
    """A page with the acts that the role may do now."""
    subject = request.resolver_match.kwargs["subject"]
    offered = [
        {
            "title": each.title, "link": reverse("admin:support-act", args=[kind, subject, each.name]),
            "grave": each.name == "erase",
        }
        for each in KINDS[kind].acts.values()
        if site.allows(request, each.right) and each.fits(row)
    ]  # fmt: skip
    return TemplateResponse(
        request, f"admin/support_{kind}.html", {**site.each_context(request), **facts, "acts": offered}
    )


def _found(kind: str, subject: str) -> Any:
    row = KINDS[kind].find(subject)
    if row is None:
        raise Http404
    return row


def _require(site, request: HttpRequest, right: str) -> None:
    staff_rights.require(site.member(request).role, right)


def _day(moment: float | None) -> str:
    return clock.day(moment) if moment else "no"


def _told(row) -> dict:
    """A request for a list: its kind, its days, and whether it is late."""
    return {
        "id": row.request_id, "law": requests.LAWS[row.law], "kind": requests.KINDS[row.kind], "state": row.state,
        "received": clock.day(row.received), "due": clock.day(row.due), "late": requests.is_late(row),
        "link": reverse("admin:support-request", args=[row.request_id]),
    }  # fmt: skip


ROUTES = [
    ("find/", find, "support-find"),
    ("doctor/<str:subject>/", diagnoses.doctor, "support-doctor"),
    ("notice/", notices.notice, "support-notice"),
    ("requests/new/", recording.record, "support-record"),
    ("workspace/<str:subject>/", workspace, "support-workspace"),
    ("person/<str:subject>/", person, "support-person"),
    ("request/<str:subject>/", privacy_request, "support-request"),
    ("act/<slug:kind>/<str:subject>/<slug:act>/", act, "support-act"),
]
