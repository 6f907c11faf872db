"""The API keys of a workspace: made after a fresh code, shown once, revoked at a click."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit
from accounts.decorators import fresh_code, workspace_page
from accounts.forms import KeyForm, add_error
from accounts.keys import apikeys
from accounts.models import ApiKey
from accounts.requests import WorkspaceHttpRequest
from imgapis.base import clock
from imgapis.base.errors import ApiError


@require_http_methods(["GET", "POST"])
@workspace_page("keys.manage")
@fresh_code
def keys(request: WorkspaceHttpRequest) -> HttpResponse:
    """The keys, and a form for another."""
    form = KeyForm(request.member.role, request.POST or None)
    plaintext_key = ""
    if form.is_valid():
        try:
            plaintext_key = _make(request, form.cleaned_data)
            form = KeyForm(request.member.role)
        except ApiError as refusal:
            add_error(form, refusal)
    context = {"form": form, "shown": plaintext_key, "rows": [_row(row) for row in _all(request)]}
    return render(request, "accounts/keys.html", context, status=400 if form.errors else 200)


def _make(request: WorkspaceHttpRequest, data: dict) -> str:
    workspace_id = request.workspace.workspace_id
    plaintext_key, row = apikeys.create(
        workspace_id,
        request.user.person_id,
        request.member.role,
        name=data["name"],
        scopes=data["scopes"],
        days=data["days"] or None,
    )
    audit.record(workspace_id, request.user.person_id, "key.created", row.prefix, None, {"scopes": row.scopes})
    return plaintext_key


def _all(request: WorkspaceHttpRequest) -> list[ApiKey]:
    return apikeys.of_workspace(request.workspace.workspace_id)


def _row(row: ApiKey) -> dict:
    is_expired = bool(row.expires) and row.expires <= clock.now()
    maker = row.ancestors[-1] if row.ancestors else ""
    return {"row": row, "over": is_expired, "ends": clock.day(row.expires) if row.expires else "never", "maker": maker}


@require_POST
@workspace_page("keys.manage")
def revoke(request: WorkspaceHttpRequest, prefix: str) -> HttpResponse:
    """End a key at once."""
    if not apikeys.revoke(request.workspace.workspace_id, prefix, request.user.person_id):
        raise Http404
    messages.success(request, "The key is revoked.")
    return redirect("keys", request.workspace.namespace)
