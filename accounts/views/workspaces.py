"""The workspaces of a person: the list, a new one, and the settings of one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import login_required, workspace_page
from accounts.forms import WorkspaceForm, add_error
from accounts.models import people
from accounts.requests import PersonHttpRequest, WorkspaceHttpRequest
from accounts.teams import offers
from accounts.workspaces import workspaces
from imgapis.base.cursors import ResultPage
from imgapis.base.errors import ApiError


@require_GET
@login_required
def listed(request: PersonHttpRequest) -> HttpResponse:
    """Every workspace of the person, and the invitations to others, or all of one inviter's: the switcher."""
    person, inviter_of = people.find(request.user.person_id), request.GET.get("inviter_of", "")
    cursor = request.GET.get("cursor", "")
    context = {
        "rows": workspaces.of_person(request.user.person_id),
        "page": offers.page(person, cursor, inviter_of) if person else ResultPage([], None),
        "inviter_of": inviter_of,
        "is_part": bool(inviter_of or cursor),
    }
    return render(request, "accounts/workspaces.html", context)


@require_http_methods(["GET", "POST"])
@login_required
def create(request: PersonHttpRequest) -> HttpResponse:
    """Another workspace, with the person as its owner."""
    form = WorkspaceForm(request.POST or None)
    if form.is_valid():
        try:
            row = workspaces.create(request.user.person_id, **form.cleaned_data)
            return redirect("workspace", row.namespace)
        except ApiError as refusal:
            add_error(form, refusal)
    return render(request, "accounts/workspace_new.html", {"form": form}, status=400 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.edit")
def settings(request: WorkspaceHttpRequest) -> HttpResponse:
    """The business name and the namespace."""
    row = request.workspace
    form = WorkspaceForm(request.POST or None, initial={"business_name": row.business_name, "namespace": row.namespace})
    if form.is_valid():
        try:
            _change(request, form.cleaned_data)
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            messages.success(request, "The settings are saved.")
            return redirect("settings", row.namespace)
    return render(request, "accounts/settings.html", {"form": form}, status=400 if form.errors else 200)


def _change(request: WorkspaceHttpRequest, data: dict) -> None:
    row, actor = request.workspace, request.user.person_id
    workspaces.rename(row, actor, data["namespace"])
    if data["business_name"] != row.business_name:
        workspaces.change_business_name(row, actor, data["business_name"])
