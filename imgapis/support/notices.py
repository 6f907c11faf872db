"""Sending a policy notice: a preview with the number of recipients, then the sending, which can be resumed (P23)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.requests import StaffHttpRequest
from accounts.staff import staff, staff_rights
from imgapis.base.admin.row_admin import RowSite
from imgapis.base.errors import ApiError
from imgapis.policy import notices
from imgapis.support import audit_log
from imgapis.support.forms import ActForm


class NoticeForm(ActForm):
    """A policy version, and whether its mail is only shown."""

    policy = forms.CharField(label="Version", max_length=40, help_text="The day in its file's name, as 2027-01-15.")
    sends = forms.BooleanField(label="Send it now: without the tick it is only shown", required=False)


@require_http_methods(["GET", "POST"])
def notice(request: StaffHttpRequest, site: RowSite) -> HttpResponse:
    """Show the mail of a version, or send it to everybody who has not been notified."""
    member = request.staff_member
    staff_rights.require(member.role, "notice.send")
    form = NoticeForm(None, request.POST if request.method == "POST" else None)
    context = {"title": "Send a policy notice", "form": form, "back": reverse("admin:index")}
    if form.is_valid():
        name = form.cleaned_data["policy"]
        try:
            context["shown"] = notices.preview(name)
            if form.cleaned_data["sends"]:
                entry_fields = (staff.LOG, audit_log.actor(member), "notice.sent", name, None)
                reason = form.cleaned_data["reason"]
                audit.record(*entry_fields, {"outcome": "begun"}, reason)
                states = dict(notices.send(name))
                audit.record(*entry_fields, states, reason)
                summary = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
                messages.success(request, f"Told so far: {summary or 'nobody had to be'}.")
                return redirect("admin:support-notice")
        except ApiError as refusal:
            form.add_error("policy", refusal.message)
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/notice.html", {**site.each_context(request), **context}, status=status)
