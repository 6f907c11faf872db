"""The pages of named sources: the list, a new one, one of them, its deletion, and the doctor."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base.errors import ApiError
from transforms import source_forms
from transforms.doctor import examination
from transforms.models import Source
from transforms.models import sources as source_rows
from transforms.sources import named_sources
from transforms.sources.kinds.registry import KINDS, kind_of
from transforms.tenant import hosts, tenants

SAVED = "The source is saved. Pictures are made anew from now on."
SAVED_LIFETIME = "The lifetime is saved. Every server follows within five seconds."


@require_GET
@workspace_page("workspace.view")
def listed(request: WorkspaceHttpRequest) -> HttpResponse:
    """Every source of the workspace."""
    sources = source_rows.of_workspace(request.workspace.workspace_id)
    rows = [(row, kind_of(row).title, kind_of(row).display(row)) for row in sources]
    context = {"rows": rows, "edits": roles.allows(request.member.role, "sources.edit")}
    return render(request, "transforms/sources.html", context)


@require_http_methods(["GET", "POST"])
@workspace_page("sources.edit")
def create(request: WorkspaceHttpRequest) -> HttpResponse:
    """First the kind, then the fields of that kind."""
    kind = KINDS.get(request.GET.get("kind", ""))
    if kind is None:
        return render(request, "transforms/source_kind.html", {"kinds": KINDS.values()})
    form = source_forms.new(kind, request.POST or None)
    if form.is_valid():
        try:
            row = named_sources.create(
                request.workspace.workspace_id, kind=kind.name, actor=request.user.person_id, **form.cleaned_data
            )
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            messages.success(request, f"The source {row.name} is set up. Test it with one of its pictures.")
            return redirect("source", request.workspace.namespace, row.name)
    context = {"form": form, "kind": kind}
    return render(request, "transforms/source_new.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_page("sources.edit")
def source(request: WorkspaceHttpRequest, source: str) -> HttpResponse:
    """One source: its settings, how long its pictures live (`act=lifetime`), a test, its deletion."""
    row = _source(request, source)
    is_lifetime = request.POST.get("act") == "lifetime"
    form = source_forms.change(row, None if is_lifetime else request.POST or None)
    lifetime = source_forms.lifetime(row, request.POST if is_lifetime else None)
    sent = lifetime if is_lifetime else form
    if sent.is_valid():
        try:
            named_sources.change(row, actor=request.user.person_id, **sent.cleaned_data)
        except ApiError as refusal:
            add_error(sent, refusal)
        else:
            messages.success(request, SAVED_LIFETIME if is_lifetime else SAVED)
            return redirect("source", request.workspace.namespace, row.name)
    context = _facts(row) | {"form": form, "lifetime": lifetime}
    return render(request, "transforms/source.html", context, status=400 if sent.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_page("sources.edit")
def delete(request: WorkspaceHttpRequest, source: str) -> HttpResponse:
    """The confirmation page, then the deletion."""
    row = _source(request, source)
    if request.method == "GET":
        return render(request, "transforms/source_delete.html", {"source": row})
    named_sources.delete(row, request.user.person_id)
    messages.success(request, f"The source {row.name} is deleted.")
    return redirect("sources", request.workspace.namespace)


@require_http_methods(["GET", "POST"])
@workspace_page("sources.edit")
def examine(request: WorkspaceHttpRequest, source: str) -> HttpResponse:
    """The doctor: a form for a path, then the diagnosis of that picture step by step."""
    row = _source(request, source)
    form = source_forms.PathForm(request.POST or None)
    context = {"source": row, "examining": form}
    if form.is_valid():
        path = form.cleaned_data["path"].lstrip("/")
        tenant = tenants.of_row(request.workspace, request.workspace.namespace)
        try:
            context["policy_instructions"] = kind_of(row).policy_instructions(row)
            context["found"] = examination.examine(tenant, row, path)
            context["address"] = hosts.example(request.workspace.namespace, row.name, path)
        except ApiError as refusal:
            add_error(form, refusal)
    return render(request, "transforms/doctor.html", context, status=400 if form.errors else 200)


def _source(request: WorkspaceHttpRequest, name: str) -> Source:
    row = source_rows.find(request.workspace.workspace_id, name)
    if row is None:
        raise Http404
    return row


def _facts(row: Source) -> dict:
    """The template context of a source's page, but for its form."""
    kind = kind_of(row)
    return {
        "source": row,
        "kind": kind.title,
        "policy": kind.policy(row),
        "policy_instructions": kind.policy_instructions(row),
        "examining": source_forms.PathForm(),
    }
