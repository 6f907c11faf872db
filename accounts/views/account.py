"""One's own account: the address, the sessions, and the fresh code before dangerous acts."""

from django.contrib import auth, messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import FRESH_SECONDS, fresh_code, login_required, safe_next
from accounts.forms import CodeForm, EmailForm, add_error
from accounts.models import User
from accounts.people import email_addresses, people
from accounts.requests import PersonHttpRequest
from accounts.session_lifetimes import IDLE_DAYS, LONGEST_DAYS
from accounts.sessions import admission, codes, sessions
from accounts.sessions.admission import CodeLimit
from imgapis.base import clock
from imgapis.base.errors import ApiError


@require_GET
@login_required
def account(request: PersonHttpRequest) -> HttpResponse:
    """The address and the list of sessions: the days they began and were used last, nothing of the device."""
    current = sessions.digest_of(request.session.session_key or "")
    rows = [
        {"digest": row.digest, "began": clock.day(row.started), "used": row.seen_day, "here": row.digest == current}
        for row in sessions.of_person(request.user.person_id)
    ]
    return render(
        request, "accounts/account.html", {"sessions": rows, "idle_days": IDLE_DAYS, "longest_days": LONGEST_DAYS}
    )


@require_POST
@login_required
def end_sessions(request: PersonHttpRequest) -> HttpResponse:
    """End one session, or all others."""
    if request.POST.get("digest"):
        sessions.end_one(request.user.person_id, request.POST["digest"])
        messages.success(request, "That session has ended.")
    else:
        _end_others(request)
        messages.success(request, "Every other session has ended.")
    return redirect("account")


def _end_others(request: PersonHttpRequest) -> None:
    """End every session but this one, which goes on under a new key."""
    person = sessions.end_all(request.user.person_id)
    if person is not None:
        auth.update_session_auth_hash(request, User.of(person))


@require_http_methods(["GET", "POST"])
@login_required
@fresh_code
def change_email(request: PersonHttpRequest) -> HttpResponse:
    """Ask for the new address and mail it a code."""
    form, status = EmailForm(request.POST or None), 400
    if form.is_valid():
        try:
            email = email_addresses.canonical(form.cleaned_data["email"])
            admission.admit_new_address(email, request.user.person_id)
            old_challenge = request.session.get("email_challenge")
            request.session["email_challenge"] = codes.send(email, "email", old_challenge)
        except ApiError as refusal:
            add_error(form, refusal)
            status = refusal.status
        else:
            request.session["new_email"] = email
            return redirect("account-email-code")
    return render(request, "accounts/email.html", {"form": form}, status=status if form.errors else 200)


@require_http_methods(["GET", "POST"])
@login_required
@fresh_code
def prove_email(request: PersonHttpRequest) -> HttpResponse:
    """Prove the new address; every other session ends (A6)."""
    if not request.session.get("new_email"):
        return redirect("account-email")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            email = codes.verify(request.session.get("email_challenge"), "email", form.cleaned_data["code"])
            people.change_email(people.require(request.user.person_id), email)
        except ApiError as refusal:
            form.add_error("code", refusal.message)
        else:
            return _address_changed(request)
    context = {"form": form, "email": request.session["new_email"]}
    return render(request, "accounts/email_code.html", context, status=400 if form.errors else 200)


def _address_changed(request: PersonHttpRequest) -> HttpResponse:
    for name in ("email_challenge", "new_email"):
        request.session.pop(name, None)
    _end_others(request)
    messages.success(request, "Your address is changed. Other sessions have ended.")
    return redirect("account")


@require_http_methods(["GET", "POST"])
@login_required
def confirm(request: PersonHttpRequest) -> HttpResponse:
    """Mail a code to the account's own address and ask for it."""
    next_path = safe_next(request.GET.get("next"), reverse("account"))
    form, limit = CodeForm(request.POST if "code" in request.POST else None), ""
    if request.method == "POST" and "code" not in request.POST:
        try:
            admission.admit_confirmation(request.user.email)
            old_challenge = request.session.get("confirm_challenge")
            request.session["confirm_challenge"] = codes.send(request.user.email, "confirm", old_challenge)
        except CodeLimit as refusal:
            limit = refusal.message
    elif form.is_valid():
        try:
            codes.verify(request.session.get("confirm_challenge"), "confirm", form.cleaned_data["code"])
        except codes.WrongCode as refusal:
            add_error(form, refusal)
        else:
            request.session.pop("confirm_challenge")
            request.session["fresh_until"] = clock.now() + FRESH_SECONDS
            return redirect(next_path)
    context = {
        "form": form,
        "sent": bool(request.session.get("confirm_challenge")) or bool(form.errors),
        "limit": limit,
    }
    status = CodeLimit.status if limit else 400 if form.errors else 200
    return render(request, "accounts/confirm.html", context, status=status)
