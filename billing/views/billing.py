"""The billing page: the plan, the credits and where they are heading, what other plans would cost, and the caps."""

from contextlib import suppress
from dataclasses import replace

from django.conf import settings as django_settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import workspace_page
from accounts.forms import add_error
from accounts.models import Workspace
from accounts.requests import WorkspaceHttpRequest
from billing import transfers
from billing.charging import cap_settings, figures, summary
from billing.charging.caps import SPANS, Cap
from billing.charging.summary import Summary
from billing.forms import CapForm
from billing.models import Subscription
from billing.money import dollars
from billing.plans import offers
from billing.plans.offers import Offer
from billing.stripe import customers, gateway, subscriptions
from billing.views import standing
from imgapis.base import clock
from imgapis.base.errors import ApiError

STRIPE = "https://api.stripe.com"
VERBS = {"begin": "Choose", "upgrade": "Upgrade to", "later": "Change to"}


@require_GET
@workspace_page("billing.manage")
def billing(request: WorkspaceHttpRequest) -> HttpResponse:
    """The page."""
    return _page(request)


@require_POST
@workspace_page("billing.manage")
def cap(request: WorkspaceHttpRequest, span: str) -> HttpResponse:
    """Set the cap of a day or of a period."""
    row, form = request.workspace, CapForm(request.POST, prefix=span)
    if form.is_valid():
        try:
            cap_settings.change(row.workspace_id, request.user.person_id, span, form.cleaned_data["cap"])
            messages.success(request, f"The cap of the {span} is set, for the running {span} too.")
            return redirect("billing", row.namespace)
        except ApiError as refusal:
            add_error(form, refusal)
    return _page(request, {span: form})


@require_POST
@workspace_page("billing.manage")
def overage(request: WorkspaceHttpRequest) -> HttpResponse:
    """Allow credits beyond the plan's to be bought, or no longer."""
    row, is_allowed = request.workspace, request.POST.get("allowed") == "yes"
    try:
        cap_settings.allow_overage(
            row.workspace_id, request.user.person_id, allowed=is_allowed, require=transfers.require_payer
        )
    except ApiError as refusal:
        messages.error(request, refusal.message)
    else:
        messages.success(request, "Overage is allowed, up to the cap." if is_allowed else "Overage is off.")
    return redirect("billing", row.namespace)


def _page(request: WorkspaceHttpRequest, invalid_forms: dict[str, CapForm] | None = None) -> HttpResponse:
    row, invalid_forms = request.workspace, invalid_forms or {}
    bill, subscription = summary.of(row), subscriptions.last_known(row.workspace_id)
    period = (
        (float(subscription.period_start), float(subscription.period_end))
        if subscription and subscription.period_end
        else None
    )
    context = {
        "found": bill,
        "numbers": figures.numbers(bill),
        "offers": offered(bill, period),
        "caps": _caps(row, invalid_forms),
        "overage_price": dollars(bill.plan.overage) if bill.plan.overage else "",
        "until": clock.day(bill.period.ends),
        "warnings": [*standing.warnings(bill, row.namespace), *_payer_warnings(subscription)],
        "following": bill.following,
        "change": standing.change(bill),
        "overage_state": standing.overage_state(bill),
        "sells": gateway.configured(),
        "stub": gateway.configured() and django_settings.STRIPE_API_URL != STRIPE,
        "bought": subscription is not None,
    }
    return render(request, "billing/billing.html", context, status=400 if invalid_forms else 200)


def _payer_warnings(subscription: Subscription | None) -> list[str]:
    """That a transfer has removed the card; Stripe is asked in that case alone, and no answer means that none is there
    yet."""
    if subscription is None or subscription.payer_left is None:
        return []
    with suppress(ApiError):
        if customers.has_payer(subscription):
            return []
    renews_at = 0.0 if subscription.cancels else float(subscription.period_end)
    return [standing.payer_sentence(float(subscription.payer_left), renews_at)]


def offered(bill: Summary, period: tuple[float, float] | None = None) -> list[dict]:
    """The plans, each with its buttons; `period` is the paid period at Stripe, to the second."""
    rows: dict[str, dict] = {}
    terms = replace(bill.terms, start=period[0], end=period[1]) if period and bill.terms.paid else bill.terms
    for offer in offers.of(terms, bill.now):
        plan = rows.setdefault(offer.plan.tier, {"plan": offer.plan, "choices": [], "here": False})
        plan["here"] |= offer.kind == "current"
        plan["choices"].append(_choice(offer, bill))
    for row in rows.values():
        row["credits"] = f"{row['plan'].credits:,}"
        row["overage"] = dollars(row["plan"].overage) if row["plan"].overage else ""
    return list(rows.values())


def _choice(offer: Offer, bill: Summary) -> dict:
    return {
        "kind": offer.kind,
        "interval": offer.interval,
        "price": dollars(offer.price),
        "span": offers.SPAN[offer.interval],
        "sentence": offers.sentence(offer, bill.terms),
        "verb": VERBS.get(offer.kind, ""),
    }


def _caps(row: Workspace, invalid_forms: dict[str, CapForm]) -> list[dict]:
    settings = cap_settings.of(row)
    waiting = dict(settings.waiting)
    return [
        {
            "span": span,
            "action": reverse(f"billing-cap-{span}", args=[row.namespace]),
            "own": span in settings.own,
            "told": _cap_text(getattr(settings, span)),
            "waiting": _cap_text(waiting[span]) if span in waiting else "",
            "form": invalid_forms.get(span) or _form(span, getattr(settings, span), span in settings.own),
        }
        for span in SPANS
    ]


def _form(span: str, setting: Cap, is_own: bool) -> CapForm:
    amount = (
        ""
        if setting.unit == "off" or not is_own
        else dollars(setting.amount)
        if setting.unit == "cents"
        else str(setting.amount)
    )
    return CapForm(prefix=span, initial={"unit": setting.unit if is_own else "default", "amount": amount.lstrip("$")})


def _cap_text(setting: Cap) -> str:
    if setting.unit == "off":
        return "none"
    return f"{dollars(setting.amount)} of overage" if setting.unit == "cents" else f"{setting.amount:,} credits"
