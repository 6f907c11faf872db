"""The page that compares a stored picture with how the newest version of the engine draws it."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base.errors import ApiError
from transforms.access import engine_version
from transforms.access_forms import ComparisonForm
from transforms.comparison import versions
from transforms.comparison.versions import StoredPicture
from transforms.engine import version
from transforms.tenant import tenants

UNLISTED = "No address is kept here, so there is no list to choose from: paste one from a page of yours."


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def comparison(request: WorkspaceHttpRequest) -> HttpResponse:
    """A form for an address, then what is stored of it beside the newest version's drawing. It is sent by POST, since
    an address belongs in no log, and changes nothing."""
    row, role = request.workspace, request.member.role
    facts = engine_version.facts(row)
    form = ComparisonForm(request.POST or None)
    context = {
        "form": form,
        "engine": facts,
        "unlisted": UNLISTED,
        "purges": roles.allows(role, "cache.purge"),
        "moves": roles.allows(role, "access.edit") and facts["version"] < version.NEWEST,
    }
    if form.is_valid():
        tenant = tenants.of_row(row, row.namespace)
        try:
            stored = versions.find(tenant, form.cleaned_data["target"], request.META.get("HTTP_ACCEPT"))
            context["nothing"] = nothing_to_compare(stored)
            if stored is not None and not stored.is_newest:
                context["comparison"] = versions.compare(tenant, stored)
                context["is_served"] = stored.is_served
        except ApiError as refusal:
            add_error(form, refusal)
    response = render(request, "transforms/comparison.html", context, status=400 if form.errors else 200)
    response["Cache-Control"] = "no-store"
    return response


def nothing_to_compare(stored: StoredPicture | None) -> tuple[str, str] | None:
    """The headline and the sentence where there is nothing to compare; None where there is."""
    if stored is None:
        return (
            "Nothing is stored for this address",
            "It was not asked for yet, or its picture has expired or was purged. The next request is drawn by version"
            f" {version.NEWEST}, whether this workspace moves or not. Paste the address of a picture that your site"
            " has shown.",
        )
    if stored.is_newest:
        return (
            f"This picture was drawn by version {stored.output.engine} already",
            "Moving changes nothing about it. Paste the address of an older picture.",
        )
    return None
