"""The link of a mail that ends such mails: a page with one button, and one click of the mail program's (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from billing.notifications import kinds, preferences


@require_http_methods(["GET", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, since mail programs open links by themselves; end it on POST. No session, no cookie: the link is the
    proof, and all it can do is say no."""
    workspace_id, person_id, kind = preferences.read_token(token)
    if request.method == "POST":
        preferences.choose(workspace_id, person_id, kind, enabled=False)
    context = {"told": kinds.MAILS[kind], "ended": request.method == "POST"}
    response = render(request, "billing/unsubscribe.html", context)
    response["Cache-Control"] = "no-store"
    return response
