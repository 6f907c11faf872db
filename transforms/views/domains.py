"""The pages of custom domains: the list, one of them with the records to set, its check and its removal."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.requests import WorkspaceHttpRequest
from accounts.teams import roles
from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms.domains import custom_domains, custom_hostnames, domain_names
from transforms.models import Domain
from transforms.models import domains as domain_rows

# state → (badge, word)
STATES = {
    "pending": ("warn", "waits for DNS"),
    "verified": ("warn", "proven"),
    "issuing": ("info", "certificate in the making"),
    "active": ("ok", "active"),
    "failing": ("bad", "failing"),
    "removing": ("warn", "being removed"),
}


class DomainForm(forms.Form):
    """A host name."""

    domain = forms.CharField(
        label="Domain",
        max_length=300,
        help_text="The host name your pictures shall have, such as img.shop.example.",
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}),
        error_messages={"required": "Enter the host name your pictures shall have, such as img.shop.example."},
    )


@require_http_methods(["GET", "POST"])
@workspace_page("workspace.view")
def listed(request: WorkspaceHttpRequest) -> HttpResponse:
    """Every domain of the workspace, and a form for another."""
    can_edit = roles.allows(request.member.role, "domains.edit")
    form = DomainForm(request.POST or None)
    if request.method == "POST":
        roles.require(request.member.role, "domains.edit")
    if form.is_valid():
        try:
            row = custom_domains.add(
                request.workspace.workspace_id, form.cleaned_data["domain"], request.user.person_id
            )
            return redirect("domain", request.workspace.namespace, row.domain)
        except ApiError as refusal:
            add_error(form, refusal)
    rows = [(row, *STATES[row.state]) for row in domain_rows.of_workspace(request.workspace.workspace_id)]
    context = {"rows": rows, "form": form, "edits": can_edit}
    return render(request, "transforms/domains.html", context, status=400 if form.errors else 200)


@require_GET
@workspace_page("workspace.view")
def domain(request: WorkspaceHttpRequest, domain: str) -> HttpResponse:
    """One domain: its records, its state and why."""
    row = _domain(request, domain)
    badge, word = STATES[row.state]
    context = {
        "domain": row,
        "records": domain_names.records(row.domain, row.txt_token),
        "badge": badge,
        "word": word,
        "checked": clock.stamp(row.checked) if row.checked else "",
        "cloudflare": custom_hostnames.configured(),
        "edits": roles.allows(request.member.role, "domains.edit"),
        "apex": row.domain.count(".") == 1,
    }
    return render(request, "transforms/domain.html", context)


@require_POST
@workspace_page("domains.edit")
def check(request: WorkspaceHttpRequest, domain: str) -> HttpResponse:
    """Check DNS now."""
    row = custom_domains.check_now(_domain(request, domain))
    if row is None:
        return redirect("domains", request.workspace.namespace)
    notify = messages.success if row.state == "active" else messages.warning
    notify(
        request, "The domain is active." if row.state == "active" else row.reason or "The domain is being looked at."
    )
    return redirect("domain", request.workspace.namespace, row.domain)


@require_http_methods(["GET", "POST"])
@workspace_page("domains.edit")
def remove(request: WorkspaceHttpRequest, domain: str) -> HttpResponse:
    """The confirmation page, then the removal."""
    row = _domain(request, domain)
    if request.method == "GET":
        return render(request, "transforms/domain_remove.html", {"domain": row})
    custom_domains.remove(row, request.user.person_id)
    messages.success(request, f"The domain {row.domain} is removed. Take its CNAME record out of your DNS too.")
    return redirect("domains", request.workspace.namespace)


def _domain(request: WorkspaceHttpRequest, name: str) -> Domain:
    row = custom_domains.of_workspace(request.workspace.workspace_id, name)
    if row is None:
        raise Http404
    return row
