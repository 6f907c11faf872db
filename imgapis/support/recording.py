"""Recording a privacy request that came by mail (P21)."""

from datetime import UTC, datetime, time

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.requests import StaffHttpRequest
from accounts.staff import staff_rights
from imgapis.base.admin.row_admin import RowSite
from imgapis.base.errors import ApiError
from imgapis.policy import requests
from imgapis.support import audit_log
from imgapis.support.forms import RecordForm


@require_http_methods(["GET", "POST"])
def record(request: StaffHttpRequest, site: RowSite) -> HttpResponse:
    """The form, then the request with its due day."""
    member = request.staff_member
    staff_rights.require(member.role, "requests.work")
    form = RecordForm(None, request.POST if request.method == "POST" else None)
    if form.is_valid():
        cleaned_data = dict(form.cleaned_data)
        received_at = datetime.combine(cleaned_data.pop("received"), time(), UTC).timestamp()
        try:
            row = requests.record(received=received_at, actor=audit_log.actor(member), **cleaned_data)
        except ApiError as refusal:
            form.add_error(None, refusal.message)
        else:
            messages.success(request, "The request is recorded.")
            return redirect("admin:support-request", row.request_id)
    context = {"title": "Record a privacy request", "form": form, "back": reverse("admin:index")}
    status = 400 if form.errors else 200
    return TemplateResponse(request, "admin/act.html", {**site.each_context(request), **context}, status=status)
