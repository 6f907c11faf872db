"""The pages of billing."""

from django.urls import path

from billing.views import billing, stripe, unsubscribe

urlpatterns = [
    path("stripe/webhook", stripe.webhook, name="stripe-webhook"),
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
    path("w/<slug:namespace>/billing", billing.billing, name="billing"),
    path("w/<slug:namespace>/billing/caps/day", billing.cap, {"span": "day"}, name="billing-cap-day"),
    path("w/<slug:namespace>/billing/caps/period", billing.cap, {"span": "period"}, name="billing-cap-period"),
    path("w/<slug:namespace>/billing/overage", billing.overage, name="billing-overage"),
]
