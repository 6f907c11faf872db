"""The billing page: the plan, the credits and where they are heading, what other plans would cost, and the caps."""

from dataclasses import replace

from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import workspace_page
from accounts.forms import show
from accounts.models import Workspace
from billing import cap_settings, gateway, glance, offers, subscriptions, summary
from billing.caps import SPANS, Cap
from billing.forms import CapForm
from billing.money import dollars
from billing.offers import Offer
from billing.summary import Summary
from imgapis.base import clock
from imgapis.base.errors import Refusal

STRIPE = "https://api.stripe.com"
VERBS = {"begin": "Choose", "upgrade": "Upgrade to", "later": "Change to"}


@require_GET
@workspace_page("billing.manage")
def billing(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request)


@require_POST
@workspace_page("billing.manage")
def cap(request: HttpRequest, span: str) -> HttpResponse:
    """Set the cap of a day or of a period."""
    row, form = request.workspace, CapForm(request.POST, prefix=span)
    if form.is_valid():
        try:
            cap_settings.change(row.workspace_id, request.user.person_id, span, form.cleaned_data["cap"])
            messages.success(request, f"The cap of the {span} is set, for the running {span} too.")
            return redirect("billing", row.namespace)
        except Refusal as refusal:
            show(form, refusal)
    return _page(request, {span: form})


@require_POST
@workspace_page("billing.manage")
def overage(request: HttpRequest) -> HttpResponse:
    """Allow credits beyond the plan's to be bought, or no longer."""
    row, allowed = request.workspace, request.POST.get("allowed") == "yes"
    try:
        cap_settings.allow_overage(row.workspace_id, request.user.person_id, allowed)
    except Refusal as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Overage is allowed, up to the cap." if allowed else "Overage is off.")
    return redirect("billing", row.namespace)


def _page(request: HttpRequest, wrong: dict[str, CapForm] | None = None) -> HttpResponse:
    row, wrong = request.workspace, wrong or {}
    found, bought = summary.of(row), subscriptions.state(row.workspace_id)
    paid = (float(bought.period_start), float(bought.period_end)) if bought and bought.period_end else None
    facts = {
        "found": found, "numbers": glance.numbers(found), "offers": offered(found, paid), "caps": _caps(row, wrong),
        "overage_price": dollars(found.plan.overage) if found.plan.overage else "",
        "until": clock.day(found.period.ends), "following": found.following,
        "ends": clock.day(found.terms.end) if found.terms.paid else "", "sells": gateway.configured(),
        "stub": gateway.configured() and django_settings.STRIPE_API_URL != STRIPE,
        "bought": bought is not None,
    }  # fmt: skip
    return render(request, "billing/billing.html", facts, status=400 if wrong else 200)


def offered(found: Summary, paid: tuple[float, float] | None = None) -> list[dict]:
    """The plans, each with what its buttons do; `paid` is the period as Stripe has it, to the second."""
    rows: dict[str, dict] = {}
    terms = replace(found.terms, start=paid[0], end=paid[1]) if paid and found.terms.paid else found.terms
    for offer in offers.of(terms, found.now):
        plan = rows.setdefault(offer.plan.tier, {"plan": offer.plan, "choices": [], "here": False})
        plan["here"] |= offer.kind == "current"
        plan["choices"].append(_choice(offer, found))
    for row in rows.values():
        row["credits"] = f"{row['plan'].credits:,}"
        row["overage"] = dollars(row["plan"].overage) if row["plan"].overage else ""
    return list(rows.values())


def _choice(offer: Offer, found: Summary) -> dict:
    return {
        "kind": offer.kind, "interval": offer.interval, "price": dollars(offer.price),
        "span": offers.SPAN[offer.interval], "sentence": offers.sentence(offer, found.terms),
        "verb": VERBS.get(offer.kind, ""),
    }  # fmt: skip


def _caps(row: Workspace, wrong: dict[str, CapForm]) -> list[dict]:
    settings = cap_settings.of(row)
    return [
        {
            "span": span, "own": span in settings.own, "told": _told(getattr(settings, span)),
            "form": wrong.get(span) or _form(span, getattr(settings, span), span in settings.own),
        }
        for span in SPANS
    ]  # fmt: skip


def _form(span: str, held: Cap, own: bool) -> CapForm:
    amount = "" if held.unit == "off" or not own else dollars(held.amount) if held.unit == "cents" else str(held.amount)
    return CapForm(prefix=span, initial={"unit": held.unit if own else "default", "amount": amount.lstrip("$")})


def _told(held: Cap) -> str:
    if held.unit == "off":
        return "none"
    return f"{dollars(held.amount)} of overage" if held.unit == "cents" else f"{held.amount:,} credits"
