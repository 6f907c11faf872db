"""The pages of one's own data: deletion and undo; and the published inventory, keys and certificates."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import audit
from accounts.decorators import fresh_code, login_required, workspace_page
from accounts.models import AuditEntry
from accounts.requests import PersonHttpRequest, WorkspaceHttpRequest
from billing.money import dollars
from billing.stripe import closing
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.models import erasures
from imgapis.privacy import certificates, erasure, inventory, registry, steps


@require_GET
@workspace_page("workspace.own")
def data(request: WorkspaceHttpRequest) -> HttpResponse:
    """What is held, the export, and the deletion of a workspace."""
    return _data(request, "workspace", request.workspace.workspace_id, "workspace.html")


@require_GET
@login_required
def account_data(request: PersonHttpRequest) -> HttpResponse:
    """The same of one's own account."""
    return _data(request, "person", request.user.person_id, "base.html")


def _data(request: HttpRequest, kind: str, subject_id: str, base: str) -> HttpResponse:
    row = erasures.find(subject_id)
    scheduled = row if row is not None and row.state == "scheduled" else None
    context = {
        "kind": kind,
        "base": base,
        "subject_id": subject_id,
        "scheduled": scheduled,
        "due": clock.stamp(scheduled.due) if scheduled else "",
    }
    return render(request, "privacy/data.html", context)


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.own")
@fresh_code
def data_erase(request: WorkspaceHttpRequest) -> HttpResponse:
    """Delete a workspace: counts, its name typed, seven days to undo or at once."""
    row = request.workspace
    return _erase(request, "workspace", row.workspace_id, row.namespace, lambda: redirect("data", row.namespace))


@require_http_methods(["GET", "POST"])
@login_required
@fresh_code
def account_erase(request: PersonHttpRequest) -> HttpResponse:
    """Delete one's own account."""
    user = request.user
    return _erase(request, "person", user.person_id, user.email, lambda: redirect("account-data"))


def _erase(
    request: PersonHttpRequest, kind: str, subject_id: str, name: str, back: Callable[[], HttpResponse]
) -> HttpResponse:
    error = ""
    if request.method == "POST":
        try:
            if request.POST.get("name", "").strip() != name:
                raise ApiError("Type the name exactly as it is shown.", param="name", code="bad_request")
            entry = _entry(request, kind, subject_id, "erasure.asked")
            erasure.request(kind, subject_id, at_once=bool(request.POST.get("at_once")), entry=entry)
            return redirect("erasure", subject_id)
        except ApiError as refusal:
            error = refusal.message
    context = {
        "kind": kind,
        "base": "workspace.html" if kind == "workspace" else "base.html",
        "name": name,
        "error": error,
        "counts": counts(kind, subject_id),
        "exceptions": erasure.EXCEPTIONS[kind],
        "owed": dollars(owed) if (owed := closing.owed_cents(subject_id) if kind == "workspace" else 0) else "",
        "invoice_days": steps.INVOICE_DAYS,
        "customer_days": steps.CUSTOMER_DAYS,
    }
    return render(request, "privacy/erase.html", context, status=400 if error else 200)


def counts(kind: str, subject_id: str) -> list[tuple[str, str]]:
    """(table, number of rows, `1000 or more` at most) of what would be erased."""
    table_counts = []
    for holding in registry.HOLDINGS:
        find = registry.find(kind, holding)
        if find is not None:
            row_count = sum(1 for _, _ in zip(range(1_000), find(subject_id), strict=False))
            if row_count:
                name = holding.row.Meta.table_name.partition("-")[2]
                table_counts.append((name, "1000 or more" if row_count == 1_000 else str(row_count)))
    return table_counts


@require_POST
@workspace_page("workspace.own")
def data_keep(request: WorkspaceHttpRequest) -> HttpResponse:
    """Undo the deletion of a workspace."""
    _keep(request, "workspace", request.workspace.workspace_id)
    return redirect("data", request.workspace.namespace)


@require_POST
@login_required
def account_keep(request: PersonHttpRequest) -> HttpResponse:
    """Undo the deletion of one's own account."""
    _keep(request, "person", request.user.person_id)
    return redirect("account-data")


def _entry(request: PersonHttpRequest, kind: str, subject_id: str, act: str) -> AuditEntry | None:
    """The audit entry by which the other owners of a workspace see who scheduled or undid it; None for a person."""
    return audit.entry(subject_id, request.user.person_id, act, subject_id) if kind == "workspace" else None


def _keep(request: PersonHttpRequest, kind: str, subject_id: str) -> None:
    try:
        erasure.undo(subject_id, _entry(request, kind, subject_id, "erasure.undone"))
        messages.success(request, "Nothing is deleted.")
    except ApiError as refusal:
        messages.error(request, refusal.message)


@require_GET
def data_map(request: HttpRequest) -> JsonResponse:
    """The inventory for machines."""
    return JsonResponse({"kept": inventory.list_all()})


@require_GET
def data_page(request: HttpRequest) -> HttpResponse:
    """The inventory for people."""
    return render(request, "privacy/inventory.html", {"stores": inventory.by_store()})


@require_GET
def keys(request: HttpRequest) -> JsonResponse:
    """The public keys that verify certificates, the present one first."""
    return JsonResponse({"algorithm": "Ed25519", "keys": certificates.published()})


@require_GET
def progress(request: HttpRequest, subject_id: str) -> HttpResponse:
    """The progress of an erasure, and its certificate; the opaque id suffices, as no account may be left."""
    row = erasures.find(subject_id)
    if row is None:
        raise Http404
    context = {
        "subject_id": subject_id,
        "kind": row.kind,
        "state": row.state,
        "asked": clock.stamp(row.asked),
        "least": bool(row.broken_off),
        "due": clock.stamp(row.due),
        "by": clock.stamp(row.asked + erasure.DEADLINE_DAYS * clock.DAY),
        "waits_for": steps.waits_for(row),
        "invoice_day": clock.day(steps.invoice_deadline(row)),
        "customer_day": clock.day(steps.customer_deadline(row)),
        "removed": [pair for pair in sorted(dict(row.counts).items()) if pair[1]],
    }
    response = render(request, "privacy/progress.html", context)
    response["Cache-Control"] = "no-store"
    return response


@require_GET
def certificate(request: HttpRequest, subject_id: str) -> JsonResponse:
    """The certificate of an erasure; the opaque id suffices."""
    row = erasures.find(subject_id)
    if row is None or row.state != "done":
        raise Http404
    return JsonResponse(dict(row.certificate))
