"""The page of fallbacks: the list, a new one, and which is sent by default."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base.errors import ApiError
from transforms.access import fallbacks as named
from transforms.access_forms import DefaultFallbacksForm, FallbackForm
from transforms.models import Fallback
from transforms.models import fallbacks as fallback_rows


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def fallbacks(request: WorkspaceHttpRequest) -> HttpResponse:
    """Every fallback; a POST saves one."""
    row, rows = request.workspace, fallback_rows.of_workspace(request.workspace.workspace_id)
    if request.method == "POST":
        roles.require(request.member.role, "access.edit")
    form = FallbackForm(request.POST or None)
    if form.is_valid():
        try:
            named.save(row.workspace_id, request.user.person_id, **form.cleaned_data)
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            name = form.cleaned_data["name"]
            messages.success(request, f"Saved. fallback={name} stands for it within five seconds.")
            return redirect("fallbacks", row.namespace)
    return _page(request, rows, form, _defaults_form(request, rows))


@require_POST
@workspace_page("access.edit")
def defaults(request: WorkspaceHttpRequest) -> HttpResponse:
    """Choose the fallback of every source, and of single ones."""
    row, rows = request.workspace, fallback_rows.of_workspace(request.workspace.workspace_id)
    form = _defaults_form(request, rows, request.POST)
    if form.is_valid():
        try:
            named.change_defaults(row.workspace_id, request.user.person_id, **form.changes())
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            messages.success(request, "The defaults are saved.")
            return redirect("fallbacks", row.namespace)
    return _page(request, rows, FallbackForm(), form)


@require_POST
@workspace_page("access.edit")
def delete(request: WorkspaceHttpRequest, fallback: str) -> HttpResponse:
    """Delete a fallback."""
    try:
        if not named.delete(request.workspace.workspace_id, request.user.person_id, fallback):
            raise Http404
    except named.FallbackInUse as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, f"The fallback {fallback} is deleted.")
    return redirect("fallbacks", request.workspace.namespace)


def _defaults_form(
    request: WorkspaceHttpRequest, rows: list[Fallback], data: Mapping[str, Any] | None = None
) -> DefaultFallbacksForm:
    names = [row.name for row in rows]
    return DefaultFallbacksForm(data, names=names, defaults=named.defaults(request.workspace))


def _page(
    request: WorkspaceHttpRequest, rows: list[Fallback], form: FallbackForm, defaults_form: DefaultFallbacksForm
) -> HttpResponse:
    context = {
        "form": form,
        "defaults_form": defaults_form,
        "rows": [(row.name, row.src, named.STATUSES[row.status]) for row in rows],
        "edits": roles.allows(request.member.role, "access.edit"),
        "chosen": defaults_form.chosen,
    }
    is_wrong = bool(form.errors or defaults_form.errors)
    return render(request, "transforms/fallbacks.html", context, status=400 if is_wrong else 200)
