"""The page of purges: first a preview of the most it will cost, then the purge."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms.access import engine_version
from transforms.access_forms import PurgeForm
from transforms.engine import version
from transforms.models import purges as purge_rows
from transforms.serving import purges

SHOWN = 20


@require_http_methods(["GET", "POST"])
@workspace_page("cache.purge")
def purge(request: WorkspaceHttpRequest) -> HttpResponse:
    """First the count, then, with `act=purge`, the purge."""
    row, operation_count = request.workspace, None
    form = PurgeForm(request.POST or None)
    if form.is_valid():
        scope_and_target = form.cleaned_data["scope"], form.cleaned_data["target"]
        try:
            if request.POST.get("act") == "purge":
                purges.purge(row, request.user.person_id, *scope_and_target)
                messages.success(request, "Purged, on every server within five seconds. Browsers and CDNs keep theirs.")
                return redirect("purge", row.namespace)
            operation_count = purges.preview(row, *scope_and_target)
        except ApiError as refusal:
            add_error(form, refusal)
    rules = purge_rows.of_workspace(row.workspace_id)
    context = {
        "form": form,
        "counted": operation_count,
        "exact": request.POST.get("scope") == "url",
        "more": operation_count == purges.MOST_COUNTED,
        "rules": len(rules),
        "most": purges.MOST_RULES,
        "rows": [_row(rule) for rule in reversed(rules[-SHOWN:])],
        "engine": engine_version.facts(row),
    }
    return render(request, "transforms/purge.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page("access.edit")
def engine(request: WorkspaceHttpRequest) -> HttpResponse:
    """Move to the newest version of the engine."""
    try:
        engine_version.switch(request.workspace, request.user.person_id, version.NEWEST)
        messages.success(request, "Moved. Pictures are drawn again when they are asked for, for nothing.")
    except ApiError as refusal:
        messages.error(request, refusal.message)
    return redirect("purge", request.workspace.namespace)


def _row(rule) -> dict:
    return {"scope": purges.SCOPES[rule.scope], "target": rule.target, "time": clock.stamp(rule.moment)}
