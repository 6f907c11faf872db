"""The source doctor, run by staff for a customer's source."""

from django.http import Http404, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import workspaces
from accounts.requests import StaffHttpRequest
from accounts.staff import staff_rights
from imgapis.base.admin.row_admin import RowSite
from imgapis.base.errors import ApiError
from imgapis.support import audit_log
from imgapis.support.forms import DoctorForm
from transforms.doctor import examination as source_doctor
from transforms.models import sources
from transforms.tenant import tenants


@require_http_methods(["GET", "POST"])
def doctor(request: StaffHttpRequest, site: RowSite, subject: str) -> HttpResponse:
    """The form of a source and a path, then the steps of fetching that picture."""
    member = request.staff_member
    staff_rights.require(member.role, "doctor.run")
    row = workspaces.find(subject)
    if row is None:
        raise Http404
    form = DoctorForm(row, request.POST if request.method == "POST" else None)
    context = {"title": "Test a source", "form": form, "subject": row.namespace}
    context["back"] = reverse("admin:support-workspace", args=[subject])
    if form.is_valid():
        source = sources.find(row.workspace_id, form.cleaned_data["source"])
        if source is None:
            raise Http404
        audit.record(row.workspace_id, audit_log.actor(member), "doctor.run", source.name)
        try:
            tenant = tenants.of_row(row, row.namespace)
            context["found"] = source_doctor.examine(tenant, source, form.cleaned_data["path"].lstrip("/"))
        except ApiError as refusal:
            form.add_error("path", refusal.message)
    status = 400 if form.errors else 200
    return TemplateResponse(
        request, "admin/support_doctor.html", {**site.each_context(request), **context}, status=status
    )
