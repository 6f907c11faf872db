"""A workspace at a glance: the first address to try, and what this period has used."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import workspace_page
from accounts.models import Workspace
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from billing.charging import figures, summary
from imgapis.base import clock
from imgapis.site import sample_source as site_sample_source
from telemetry.display import credits_of
from transforms.models import Source
from transforms.models import sources as source_rows
from transforms.tenant import hosts


@require_GET
@workspace_page("workspace.view")
def overview(request: WorkspaceHttpRequest) -> HttpResponse:
    """The overview page."""
    row = request.workspace
    bill = summary.of(row)
    sources = source_rows.of_workspace(row.workspace_id)
    context = {
        "host": hosts.image_host(row.namespace),
        "source": sources[0] if sources else None,
        "example": _example(row.namespace, sources),
        "offers_samples": _offers_samples(request, sources),
        "granted": credits_of(max(0, bill.included + bill.room)),
        "used": credits_of(bill.used),
        "left": credits_of(bill.left),
        "until": clock.day(bill.period.ends),
        "forecast": None if bill.forecast is None else credits_of(bill.forecast),
    }
    return render(request, "site/overview.html", context)


def beside_usage(row: Workspace) -> dict[str, Any]:
    """What the usage page shows beside telemetry: the allowance, and the first URL to try."""
    example = _example(row.namespace, source_rows.of_workspace(row.workspace_id))
    return {"allowance": figures.allowance(summary.of(row)), "example": example}


def _example(namespace: str, sources: list[Source]) -> str:
    """An image URL that works as it stands; empty where the workspace has no sample source."""
    sample_source = next((source for source in sources if site_sample_source.is_sample(source)), None)
    return (
        f"{hosts.image_host(namespace)}/transform?src={sample_source.name}/{site_sample_source.PHOTO}&w=800"
        if sample_source
        else ""
    )


def _offers_samples(request: WorkspaceHttpRequest, sources: list[Source]) -> bool:
    return site_sample_source.offered() and not sources and roles.allows(request.member.role, "sources.edit")


@require_POST
@workspace_page("sources.edit")
def add_samples(request: WorkspaceHttpRequest) -> HttpResponse:
    """Set up the sample source, so that the first address works before there is a source of one's own."""
    if not site_sample_source.offered():
        raise Http404
    site_sample_source.add(request.workspace.workspace_id, request.user.person_id)
    messages.success(request, "The sample source is set up.")
    return redirect("workspace", request.workspace.namespace)
