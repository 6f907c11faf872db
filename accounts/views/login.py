"""Signing in and up: an address, a code, and for a new account two questions. One path for known and unknown (A4)."""

from django.contrib import auth, messages
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SESSION_KEY
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import FRESH_SECONDS, safe_next
from accounts.forms import AgeForm, CodeForm, EmailForm, SignupForm, add_error
from accounts.models import Person, User
from accounts.people import email_addresses, people
from accounts.sessions import admission, codes, throttles
from accounts.sessions.admission import Proof, WorkRequired
from accounts.workspaces import workspaces
from imgapis.base import clock
from imgapis.base.errors import ApiError

PROVED_SECONDS = 1_800
BACKEND = "accounts.backends.StoreBackend"


@require_http_methods(["GET", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """Ask for the address and mail a code."""
    known_next = request.session.get("next", "")
    if (next_path := safe_next(request.GET.get("next"), known_next)) != known_next:
        request.session["next"] = next_path
    form, status = EmailForm(request.POST or None), 400
    if form.is_valid():
        try:
            email = email_addresses.canonical(form.cleaned_data["email"])
            return _ask(request, form, email)
        except ApiError as refusal:
            add_error(form, refusal)
            status = refusal.status
    return _form_page(request, form, status)


def _form_page(request: HttpRequest, form: EmailForm, status: int) -> HttpResponse:
    context = {"form": form, "awaited": request.session.get("email") if request.session.get("challenge") else ""}
    return render(request, "accounts/login.html", context, status=status if form.errors else 200)


def _ask(request: HttpRequest, form: EmailForm, email: str) -> HttpResponse:
    """Mail a code, or ask the browser to work or to wait for it."""
    proof = Proof(request.POST.get("solution", ""), request.POST.get("ticket", ""))
    try:
        part = admission.admit_sign_in(email, request.session.get(CSRF_SESSION_KEY, ""), proof)
    except WorkRequired as refusal:
        context = {"refusal": refusal, "email": email, "until": admission.time_of_day(refusal.waited_until)}
        response = render(request, "accounts/login_work.html", context, status=refusal.status)
        response["Retry-After"] = str(refusal.retry_after)
        return response
    _send(request, email, part)
    return redirect("login-code")


def _send(request: HttpRequest, email: str, part: str) -> None:
    replaced = request.session.get("challenge")
    challenge = codes.send(email, "login", replaced) if part == "free" else codes.send_shared(email, replaced, part)
    if challenge:
        request.session["challenge"] = challenge
    request.session["email"] = email


@require_http_methods(["GET", "POST"])
def login_code(request: HttpRequest) -> HttpResponse:
    """Ask for the code; a right one signs in, or goes on to sign up."""
    email = request.session.get("email")
    if not email:
        return redirect("login")
    form = CodeForm(request.POST or None)
    if form.is_valid():
        try:
            proved_email = codes.verify(request.session.get("challenge"), "login", form.cleaned_data["code"])
        except codes.WrongCode as refusal:
            add_error(form, refusal)
        else:
            return _enter(request, proved_email)
    is_shared = codes.is_shared(request.session.get("challenge"))
    if is_shared:
        form.fields["code"].label = "Twelve-digit code"
    context = {"form": form, "email": email, "is_shared": is_shared, **_flood(is_shared)}
    return render(request, "accounts/login_code.html", context, status=400 if form.errors else 200)


def _flood(is_shared: bool) -> dict[str, str]:
    """Until when the mails of a minute are used up, and those of browsers that wait for a shared code; empty where they
    are not."""
    ends = {"flood_until": throttles.flood_end()} | ({"wait_until": throttles.flood_end("waited")} if is_shared else {})
    return {name: admission.time_of_day(end) if end > clock.now() else "" for name, end in ends.items()}


def _enter(request: HttpRequest, email: str) -> HttpResponse:
    for name in ("challenge", "email"):
        request.session.pop(name, None)
    person = people.of_email(email)
    if person:
        return _open(request, person)
    request.session.cycle_key()
    request.session["proved"] = {"email": email, "until": clock.now() + PROVED_SECONDS}
    return redirect("signup")


def _open(request: HttpRequest, person: Person, next_path: str = "") -> HttpResponse:
    """Sign in under a new session key (A6) and go on."""
    next_path = next_path or request.session.get("next") or reverse("workspaces")
    request.session.cycle_key()
    auth.login(request, User.of(person), backend=BACKEND)
    request.session["fresh_until"] = clock.now() + FRESH_SECONDS
    request.session.pop("next", None)
    return redirect(next_path)


@require_http_methods(["GET", "POST"])
def signup(request: HttpRequest) -> HttpResponse:
    """Ask a new person for the confirmation of age, and, unless they were invited, for their first workspace."""
    proof = request.session.get("proved")
    if not proof or proof["until"] <= clock.now():
        return redirect("login")
    is_invited = request.session.get("next", "").startswith("/invites/")
    form = (AgeForm if is_invited else SignupForm)(request.POST or None)
    if form.is_valid():
        try:
            return _sign_up(request, proof["email"], form.cleaned_data)
        except ApiError as refusal:
            add_error(form, refusal)
    context = {"form": form, "email": proof["email"], "invited": is_invited}
    return render(request, "accounts/signup.html", context, status=400 if form.errors else 200)


def _sign_up(request: HttpRequest, email: str, data: dict) -> HttpResponse:
    next_path = ""
    if "namespace" in data:
        workspaces.check_namespace(data["namespace"])
        workspaces.checked_business_name(data["business_name"])
    person = people.create(email)
    if "namespace" in data:
        row = workspaces.create(person.person_id, namespace=data["namespace"], business_name=data["business_name"])
        next_path = reverse("workspace", args=[row.namespace])
    request.session.pop("proved")
    return _open(request, person, next_path)


@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session on the server."""
    auth.logout(request)
    messages.success(request, "You are signed out.")
    return redirect("login")
