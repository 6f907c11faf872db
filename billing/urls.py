"""The pages of billing."""

from django.urls import path

from billing.views import billing, purchase, stripe, unsubscribe

urlpatterns = [
    path("stripe/webhook", stripe.webhook, name="stripe-webhook"),
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("w/<slug:namespace>/billing", billing.billing, name="billing"),
    path("w/<slug:namespace>/billing/caps/day", billing.cap, {"span": "day"}, name="billing-cap-day"),
    path("w/<slug:namespace>/billing/caps/period", billing.cap, {"span": "period"}, name="billing-cap-period"),
    path("w/<slug:namespace>/billing/overage", billing.overage, name="billing-overage"),
    path("w/<slug:namespace>/billing/plan", purchase.choose, name="billing-plan"),
    path("w/<slug:namespace>/billing/cancel", purchase.cancel, name="billing-cancel"),
    path("w/<slug:namespace>/billing/resume", purchase.resume, name="billing-resume"),
    path("w/<slug:namespace>/billing/portal", purchase.portal, name="billing-portal"),
    path("w/<slug:namespace>/billing/return", purchase.returned, name="billing-return"),
    path("w/<slug:namespace>/billing/invoices", purchase.invoices, name="billing-invoices"),
]
