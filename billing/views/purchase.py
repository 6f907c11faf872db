"""Buying, changing and leaving a plan: each one click at the page, then Stripe's own pages by redirect, or nothing."""

from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import workspace_page
from accounts.requests import WorkspaceHttpRequest
from billing.plans import catalogue
from billing.stripe import receipts, subscriptions
from billing.stripe.gateway import StripeUnavailable
from imgapis.base import clock
from imgapis.base.errors import ApiError

TO_CONFIRM = (
    "Your bank wants you to confirm the payment at Stripe: the larger plan begins once that is done. If you left the "
    "page, the open invoice under Invoices leads back to it, for 23 hours. Until then nothing changes."
)


@require_POST
@workspace_page("billing.manage")
def choose(request: WorkspaceHttpRequest) -> HttpResponse:
    """Take a plan: by Stripe's Checkout where there is none yet, else as a change. Of the form only the plan's name
    and the rhythm are read; price and credits are ours (B16)."""
    row, tier, interval = request.workspace, request.POST.get("tier", ""), request.POST.get("interval", "")
    actor, subscription = request.user.person_id, subscriptions.last_known(request.workspace.workspace_id)
    if subscription is None or subscription.state not in subscriptions.LIVE_STATES:
        return _redirect_to_stripe(
            request, lambda: subscriptions.start_checkout(row, actor, tier, interval, _back(request))
        )

    try:
        confirm_url = subscriptions.change(row, actor, tier, interval)
    except ApiError as refusal:
        messages.error(request, refusal.message)
        return redirect("billing", row.namespace)
    if confirm_url:
        messages.warning(request, TO_CONFIRM)
        return HttpResponseRedirect(confirm_url)
    messages.success(request, "The change is made. What it does stands above the plans.")
    return redirect("billing", row.namespace)


@require_POST
@workspace_page("billing.manage")
def cancel(request: WorkspaceHttpRequest) -> HttpResponse:
    """End the plan with the paid period (P20)."""
    return _run(request, lambda: subscriptions.cancel(request.workspace, request.user.person_id), "")


@require_POST
@workspace_page("billing.manage")
def resume(request: WorkspaceHttpRequest) -> HttpResponse:
    """Take back a cancellation, or a change that has not come yet."""
    message = "The plan goes on as it is."
    return _run(request, lambda: subscriptions.resume(request.workspace, request.user.person_id), message)


@require_POST
@workspace_page("billing.manage")
def portal(request: WorkspaceHttpRequest) -> HttpResponse:
    """Off to Stripe's portal: cards, tax number, invoices."""
    return_url = settings.SITE_URL + reverse("billing", args=[request.workspace.namespace])
    return _redirect_to_stripe(request, lambda: subscriptions.portal(request.workspace, return_url))


@require_GET
@workspace_page("billing.manage")
def returned(request: WorkspaceHttpRequest) -> HttpResponse:
    """Back from Checkout. The page grants nothing: credits come with Stripe's signed event alone (B16)."""
    row = request.workspace
    if request.GET.get("left"):
        messages.warning(request, "Nothing was bought, and nothing was charged.")
        return redirect("billing", row.namespace)
    session_id = request.GET.get("session_id", "")
    if not session_id:
        return render(request, "billing/returned.html", {"standing": "none"})
    try:
        standing = subscriptions.checkout_status(row, session_id)
    except StripeUnavailable:
        return render(request, "billing/returned.html", {"standing": "unknown"})
    if standing is None:
        raise Http404
    plan = catalogue.of(row.plan)
    context = {"standing": standing, "plan": plan, "credits": f"{plan.credits:,}"}
    return render(request, "billing/returned.html", context)


@require_GET
@workspace_page("billing.manage")
def invoices(request: WorkspaceHttpRequest) -> HttpResponse:
    """The invoices at Stripe; when it does not answer, the page says so."""
    try:
        stripe_invoices, error_message = subscriptions.invoices(request.workspace), ""
    except ApiError as refusal:
        stripe_invoices, error_message = [], refusal.message
    rows = [
        {
            "number": invoice.number,
            "day": clock.day(invoice.created),
            "status": invoice.status,
            "url": invoice.url,
            "total": receipts.format_money(invoice.total, invoice.currency),
        }
        for invoice in stripe_invoices
    ]
    has_subscription = subscriptions.last_known(request.workspace.workspace_id) is not None
    return render(request, "billing/invoices.html", {"rows": rows, "away": error_message, "bought": has_subscription})


def _back(request: WorkspaceHttpRequest) -> str:
    return settings.SITE_URL + reverse("billing-return", args=[request.workspace.namespace])


def _redirect_to_stripe(request: WorkspaceHttpRequest, get_url: Callable[[], str]) -> HttpResponse:
    """Redirect to an address of Stripe's, or back with the message of its refusal."""
    try:
        return HttpResponseRedirect(get_url())
    except ApiError as refusal:
        messages.error(request, refusal.message)
        return redirect("billing", request.workspace.namespace)


def _run(request: WorkspaceHttpRequest, action: Callable[[], None], message: str) -> HttpResponse:
    """Run an action at Stripe and go back to the billing page, with `message` where there is one."""
    try:
        action()
    except ApiError as refusal:
        messages.error(request, refusal.message)
    else:
        if message:
            messages.success(request, message)
    return redirect("billing", request.workspace.namespace)
