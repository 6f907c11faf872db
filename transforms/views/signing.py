"""The page of signed URLs: on and off, two keys, rotation, and code samples."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.decorators import fresh_code, workspace_page
from accounts.requests import WorkspaceHttpRequest
from transforms.access import signing_keys, signing_snippets


@require_http_methods(["GET", "POST"])
@workspace_page("access.edit")
@fresh_code
def signing(request: WorkspaceHttpRequest) -> HttpResponse:
    """The state and the keys; a POST does one action. A new key is in the response to its POST and nowhere else."""
    row, new_key = request.workspace, None
    if request.method == "POST":
        new_key = _act(request)
        if new_key is None:
            return redirect("signing", row.namespace)
    keys = signing_keys.listed(row)
    context = {
        "shown": new_key,
        "keys": keys,
        "required": row.signing == "required",
        "last": keys[1:],
        "python": signing_snippets.PYTHON,
        "javascript": signing_snippets.JAVASCRIPT,
    }
    return render(request, "transforms/signing.html", context)


def _act(request: WorkspaceHttpRequest) -> str | None:
    """Do the action of the POST; returns the new key where there is one."""
    row, actor, action = request.workspace, request.user.person_id, request.POST.get("act")
    if action == "rotate":
        return signing_keys.rotate(row, actor)
    if action == "require":
        new_key = signing_keys.turn_on(row, actor)
        messages.success(request, "From now on only signed addresses are answered.")
        return new_key
    if action == "off":
        signing_keys.turn_off(row, actor)
        messages.success(request, "Signatures are no longer asked for.")
    if action == "end":
        signing_keys.end(row, actor, request.POST.get("key", ""))
        messages.success(request, "The key has ended: what it signed is refused within five seconds.")
    return None
