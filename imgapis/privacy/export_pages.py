"""The pages of an export: streamed at once, or mailed as a link that streams it anew (P17, D10)."""

from django.contrib import messages
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.decorators import fresh_code, login_required, workspace_page
from accounts.people import people
from accounts.requests import PersonHttpRequest, WorkspaceHttpRequest
from imgapis.base.errors import ApiError
from imgapis.privacy import export, links


@require_GET
@workspace_page(links.PERMISSION)
@fresh_code
def data_export(request: WorkspaceHttpRequest) -> HttpResponseBase:
    """The zip of a workspace."""
    return _zip("workspace", request.workspace.workspace_id)


@require_GET
@login_required
@fresh_code
def account_export(request: PersonHttpRequest) -> HttpResponseBase:
    """The zip of one's own account."""
    return _zip("person", request.user.person_id)


@require_http_methods(["GET", "POST"])
@workspace_page(links.PERMISSION)
@fresh_code
def data_export_mail(request: WorkspaceHttpRequest) -> HttpResponseBase:
    """Have the link of a workspace's export mailed."""
    row = request.workspace
    return _mail(request, "workspace", row.workspace_id, f"the workspace {row.namespace}", ("data", row.namespace))


@require_http_methods(["GET", "POST"])
@login_required
@fresh_code
def account_export_mail(request: PersonHttpRequest) -> HttpResponseBase:
    """Have the link of one's own account's export mailed."""
    return _mail(request, "person", request.user.person_id, "your account", ("account-data",))


@require_GET
def linked_export(request: HttpRequest, token: str) -> HttpResponseBase:
    """The zip of a mailed link; 404 for everybody but the person it was mailed to, the signed-out included. Their own
    session needs a fresh code first."""
    row = links.open_link(token, request.user.person_id) if request.user.is_authenticated else None
    if row is None:
        response = render(request, "privacy/no_link.html", {"known": request.user.is_authenticated}, status=404)
        response["Cache-Control"] = "no-store"
        return response
    return fresh_code(lambda request: _zip(row.kind, row.subject_id))(request)


def _mail(
    request: PersonHttpRequest, kind: str, subject_id: str, name: str, redirect_args: tuple[str, ...]
) -> HttpResponseBase:
    if request.method == "GET":
        context = {"base": "workspace.html" if kind == "workspace" else "base.html", "name": name, "kind": kind}
        return render(request, "privacy/export_mail.html", context)
    try:
        links.send(people.require(request.user.person_id), kind, subject_id, name)
    except ApiError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "The link is on its way to the address of your account.")
    return redirect(*redirect_args)


def _zip(kind: str, subject_id: str) -> StreamingHttpResponse:
    response = StreamingHttpResponse(export.stream(kind, subject_id), content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="imgapis-{kind}.zip"'
    response["Cache-Control"] = "no-store"
    return response
