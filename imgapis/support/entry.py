"""Signing in to the admin: by the mail's code, as staff, with the second factor enrolled or proven."""

from urllib.parse import quote

import segno
from django import forms
from django.contrib import auth
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.decorators import safe_next
from accounts.models import Staff
from accounts.staff import second_factor, staff
from imgapis.base import clock
from imgapis.base.errors import ApiError
from imgapis.support import audit_log


class FactorForm(forms.Form):
    """A code of the app, or a recovery code."""

    code = forms.CharField(
        label="Code",
        max_length=40,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}),
        error_messages={"required": "Type the code your app shows."},
    )


@require_http_methods(["GET", "POST"])
def enter(request: HttpRequest, context: dict) -> HttpResponse:
    """Ask for what is missing: sign-in, enrolment or the second factor. Http404 for who is not staff."""
    next_url = safe_next(request.GET.get("next"), reverse("admin:index"))
    if not request.user.is_authenticated:
        return redirect(f"{reverse('login')}?next={quote(request.get_full_path())}")
    row = staff.member(request.user.person_id)
    if row is None:
        raise Http404
    if request.method == "GET" and context["has_permission"]:
        return redirect(next_url)
    form = FactorForm(request.POST or None)
    if form.is_valid():
        try:
            return _pass(request, row, form.cleaned_data["code"], context, next_url)
        except ApiError as refusal:
            form.add_error("code", refusal.message)
            return _ask(request, row, form, context, refusal.status)
    return _ask(request, row, form, context, 400 if form.errors else 200)


def _pass(request: HttpRequest, row: Staff, code: str, context: dict, next_url: str) -> HttpResponse:
    """Check a code; the session continues under a new key (A6)."""
    is_enrolling = not row.enrolled
    recovery_codes: list[str] = []
    if is_enrolling:
        recovery_codes = second_factor.enrol(row, code)
    else:
        second_factor.verify(row, code)
    request.session.cycle_key()
    request.session[second_factor.SESSION_KEY] = second_factor.session_proof(row)
    if not is_enrolling:
        return redirect(next_url)
    audit.record(staff.LOG, audit_log.actor(row), "staff.enrolled", row.person_id)
    page_context = {**context, "title": "Recovery codes", "codes": recovery_codes, "goal": next_url}
    return TemplateResponse(request, "admin/recovery_codes.html", page_context)


def _ask(request: HttpRequest, row: Staff, form: FactorForm, context: dict, status: int) -> HttpResponse:
    context = {**context, "form": form, "has_permission": False, "title": "Second factor"}
    if row.enrolled:
        return TemplateResponse(request, "admin/login.html", context, status=status)
    if row.enrol_until <= clock.now():
        raise second_factor.EnrolmentExpired
    context |= {"secret": staff.base32_secret(row), "picture": _picture(second_factor.otpauth(row))}
    return TemplateResponse(
        request, "admin/enrol.html", context | {"title": "Set up your second factor"}, status=status
    )


def _picture(address: str) -> str:
    """The QR code as an svg element without style."""
    return mark_safe(segno.make(address, error="m").svg_inline(scale=4, border=4, light="white", svgclass="qr"))


def leave(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    if request.method == "POST":
        auth.logout(request)
    return redirect("login")
