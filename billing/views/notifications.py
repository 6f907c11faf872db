"""The page of billing notices: which mails a member gets, and the workspace's webhook."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from billing.notifications import kinds, outgoing_webhooks, preferences, webhook_delivery
from imgapis.base import clock
from imgapis.base.errors import ApiError


class HookForm(forms.Form):
    """The address that notices are posted to."""

    address = forms.CharField(
        label="Address",
        max_length=outgoing_webhooks.LONGEST_ADDRESS,
        help_text="Such as https://example.com/hooks/imgapis.",
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": "Type the address that notices are posted to."},
    )


@require_GET
@workspace_page("billing.manage")
def notices(request: WorkspaceHttpRequest) -> HttpResponse:
    """The page."""
    return _page(request, HookForm())


@require_POST
@workspace_page("billing.manage")
def choose(request: WorkspaceHttpRequest) -> HttpResponse:
    """Save which mails this member gets; it changes no other member's choice."""
    for kind in kinds.MAILS:
        wants_mail = request.POST.get(kind) == "on"
        preferences.choose(request.workspace.workspace_id, request.user.person_id, kind, enabled=wants_mail)
    messages.success(request, "Your choice is saved.")
    return redirect("notices", request.workspace.namespace)


@require_POST
@workspace_page("billing.manage")
def hook(request: WorkspaceHttpRequest) -> HttpResponse:
    """Set the webhook; its secret is in this one response and nowhere else."""
    form, secret = HookForm(request.POST), ""
    if form.is_valid():
        try:
            row = request.workspace
            secret = webhook_delivery.configure(row.workspace_id, request.user.person_id, form.cleaned_data["address"])
        except ApiError as refusal:
            add_error(form, refusal)
    return _page(request, form, secret)


@require_POST
@workspace_page("billing.manage")
def hook_remove(request: WorkspaceHttpRequest) -> HttpResponse:
    """Post nothing any more."""
    outgoing_webhooks.remove(request.workspace.workspace_id, request.user.person_id)
    messages.success(request, "The webhook is removed.")
    return redirect("notices", request.workspace.namespace)


@require_POST
@workspace_page("billing.manage")
def hook_test(request: WorkspaceHttpRequest) -> HttpResponse:
    """Send a test notice, at most one a minute."""
    row = request.workspace
    if outgoing_webhooks.of(row.workspace_id) is None:
        messages.error(request, "There is no webhook to test.")
    elif outgoing_webhooks.send_test(row.workspace_id):
        messages.success(request, "A test is on its way: what came of it stands here within some seconds. Reload.")
    else:
        messages.warning(request, "A test was sent within this minute. Wait a moment.")
    return redirect("notices", row.namespace)


def _page(request: WorkspaceHttpRequest, form: HookForm, secret: str = "") -> HttpResponse:
    row, webhook = request.workspace, outgoing_webhooks.of(request.workspace.workspace_id)
    wants = preferences.choices(row.workspace_id, request.user.person_id)
    context = {
        "form": form,
        "secret": secret,
        "hook": webhook,
        "tried": clock.stamp(float(webhook.last_tried)) if webhook and webhook.last_tried else "",
        "reads": request.member.role in preferences.ROLES,
        "kinds": [(kind, description, wants[kind]) for kind, description in kinds.MAILS.items()],
    }
    response = render(request, "billing/notices.html", context, status=400 if form.errors else 200)
    if secret:
        response["Cache-Control"] = "no-store"
    return response
