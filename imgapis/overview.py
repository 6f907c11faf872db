"""A workspace at a glance: the first address to try, and what this period has used."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.decorators import workspace_page
from billing import credits
from billing import store as billing_store
from imgapis.base import clock
from transforms import store as transforms_store


def image_host(namespace: str) -> str:
    """The address of a workspace's image host, with its scheme."""
    scheme, port = ("http", f":{settings.PORT}") if settings.EMBEDDED else ("https", "")
    return f"{scheme}://{namespace}.{settings.IMAGE_DOMAIN}{port}"


@require_GET
@workspace_page("workspace.view")
def overview(request: HttpRequest) -> HttpResponse:
    """The overview page."""
    row = request.workspace
    period = credits.period_of(clock.now())
    counter = billing_store.counter(row.workspace_id, period)
    granted = int(counter.granted if counter else row.allowance)
    used = int(counter.used) if counter else 0
    facts = {
        "host": image_host(row.namespace), "sources": transforms_store.sources(row.workspace_id),
        "granted": credits.shown(granted), "used": credits.shown(used), "left": credits.shown(granted - used),
        "until": clock.day(clock.period_end(period)),
    }  # fmt: skip
    return render(request, "site/overview.html", facts)
