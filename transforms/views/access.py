"""The page of access: allow-lists, tested with an example before they are saved, and the response to a refused miss."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms.access import access_settings
from transforms.access.access_settings import AnySourceUnconfirmed
from transforms.access_forms import AccessForm
from transforms.models import BlockRule
from transforms.models import blocks as block_rows
from transforms.serving import blocks

LISTS = ("allowed_origins", "allowed_sources")


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def access(request: WorkspaceHttpRequest) -> HttpResponse:
    """The lists. `act=try` shows what they would allow, as typed, and saves nothing."""
    row = request.workspace
    if request.method == "POST":
        roles.require(request.member.role, "access.edit")
    initial = {name: "\n".join(getattr(row, name)) for name in LISTS}
    initial |= {name: getattr(row, name) for name in ("refused", "origin_cache_control")}
    form = AccessForm(request.POST or None, initial=initial)
    trials = []
    asks_any_source = row.pays_for_any_source
    if form.is_valid():
        try:
            if request.POST.get("act") != "try":
                _save(request, form.cleaned_data)
                messages.success(request, "Saved. Every server follows within five seconds.")
                return redirect("access", row.namespace)
            trials = _tried(form.cleaned_data)
        except AnySourceUnconfirmed:
            asks_any_source = True
            cost = access_settings.cost_of_any_source(row)
            form.add_error("confirm_any_source", f"{cost} Name the hosts you need, or check this box and save again.")
        except ApiError as refusal:
            add_error(form, refusal)
    can_edit = roles.allows(request.member.role, "access.edit")
    context = {
        "form": form,
        "tried": trials,
        "edits": can_edit,
        "refused": access_settings.REFUSED[row.refused],
        "asks_any_source": asks_any_source,
        "contact": settings.CONTACT_EMAIL,
        "blocks": [_block_fields(each) for each in block_rows.of_workspace(row.workspace_id)],
    }
    return render(request, "transforms/access.html", context, status=400 if form.errors else 200)


def _block_fields(rule: BlockRule) -> dict[str, str]:
    return {
        "scope": blocks.SCOPES[rule.scope],
        "target": rule.target,
        "reason": rule.reason,
        "time": clock.stamp(rule.moment),
    }


def _save(request: WorkspaceHttpRequest, cleaned_data: dict) -> None:
    lists = {name: cleaned_data[name].splitlines() for name in LISTS}
    access_settings.change(
        request.workspace,
        request.user.person_id,
        refused=cleaned_data["refused"],
        origin_cache_control=cleaned_data["origin_cache_control"],
        confirm_any_source=cleaned_data["confirm_any_source"],
        **lists,
    )


def _tried(cleaned_data: dict) -> list[dict]:
    """Each example with the first pattern of the typed lists that allows it. Raises InvalidPattern."""
    origin_patterns = access_settings.read_origins(cleaned_data["allowed_origins"].splitlines())
    host_patterns = access_settings.read_sources(cleaned_data["allowed_sources"].splitlines())
    trials = []
    if cleaned_data["try_origin"]:
        trials.append(
            _verdict_text(
                cleaned_data["try_origin"], access_settings.try_origin(origin_patterns, cleaned_data["try_origin"])
            )
        )
    if cleaned_data["try_source"]:
        trials.append(
            _verdict_text(
                cleaned_data["try_source"], access_settings.try_source(host_patterns, cleaned_data["try_source"])
            )
        )
    return trials


def _verdict_text(example: str, pattern: str | None) -> dict:
    return {"example": example, "pattern": pattern}
