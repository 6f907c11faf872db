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
from transforms.models import PurgeRule
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
    rules, facts = purge_rows.of_workspace(row.workspace_id), engine_version.facts(row)
    context = {
        "form": form,
        "warning": "" if operation_count is None else purge_warning(request.POST["scope"], operation_count),
        "rules": len(rules),
        "most": purges.MOST_RULES,
        "rows": [_row(rule) for rule in reversed(rules[-SHOWN:])],
        "engine": facts,
        "engine_sentence": engine_sentence(facts),
    }
    return render(request, "transforms/purge.html", context, status=400 if form.errors else 200)


def purge_warning(scope: str, operation_count: int) -> str:
    """What a purge of a scope costs at most: `operation_count` as `purges.preview` counts it."""
    if scope == "url" and operation_count:
        return "This operation was billed within the last year: asked for again, it is billed again."
    if scope == "url":
        return "This operation has no live charge: the purge makes nothing more to bill."
    if not operation_count:
        return "Nothing billed is left to void: everything was purged before, or nothing was made yet."
    bound = "More than" if operation_count == purges.MOST_COUNTED else "At most"
    plural = "" if operation_count == 1 else "s"
    warning = (
        f"{bound} {operation_count} billed operation{plural} can become new work,"
        " each billed again when it is asked for."
    )
    if scope == "workspace":
        return warning
    return (
        f"{warning} That is everything billed within the last year and not purged since: no address is kept,"
        " so nobody can say which of them fit."
    )


def engine_sentence(facts: dict) -> str:
    """Which version of the engine draws; `facts` as `engine_version.facts` gives them."""
    newest = f"Pictures are drawn by version {facts['newest']} of our engine"
    if not facts["changes"]:
        return f"{newest}. Nothing older is served here."
    return f"{newest}; this workspace still serves what version {facts['version']} has drawn, until it expires."


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


def _row(rule: PurgeRule) -> dict:
    return {"scope": purges.SCOPES[rule.scope], "target": rule.target, "time": clock.stamp(rule.moment)}
