"""The page of presets: the list, a new one, and presets-only."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base.errors import ApiError
from transforms.access import access_settings
from transforms.access import presets as named
from transforms.access_forms import PresetForm
from transforms.models import presets as preset_rows


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def presets(request: WorkspaceHttpRequest) -> HttpResponse:
    """Every preset; a POST saves one."""
    row = request.workspace
    if request.method == "POST":
        roles.require(request.member.role, "access.edit")
    form = PresetForm(request.POST or None)
    if form.is_valid():
        try:
            named.save(row.workspace_id, request.user.person_id, **form.cleaned_data)
        except ApiError as refusal:
            add_error(form, refusal)
        else:
            messages.success(request, f"Saved. preset={form.cleaned_data['name']} stands for it within five seconds.")
            return redirect("presets", row.namespace)
    rows = [(preset.name, named.query_of(preset.values)) for preset in preset_rows.of_workspace(row.workspace_id)]
    context = {"form": form, "rows": rows, "only": row.presets_only, "edits": _edits(request)}
    return render(request, "transforms/presets.html", context, status=400 if form.errors else 200)


def _edits(request: WorkspaceHttpRequest) -> bool:
    return roles.allows(request.member.role, "access.edit")


@require_POST
@workspace_page("access.edit")
def only(request: WorkspaceHttpRequest) -> HttpResponse:
    """Serve presets only, or everything."""
    row, enabled = request.workspace, request.POST.get("only") == "1"
    access_settings.change(row, request.user.person_id, presets_only=enabled)
    messages.success(request, "Only presets are served now." if enabled else "Every parameter is served now.")
    return redirect("presets", row.namespace)


@require_POST
@workspace_page("access.edit")
def delete(request: WorkspaceHttpRequest, preset: str) -> HttpResponse:
    """Delete a preset."""
    if not named.delete(request.workspace.workspace_id, request.user.person_id, preset):
        raise Http404
    messages.success(request, f"The preset {preset} is deleted.")
    return redirect("presets", request.workspace.namespace)
