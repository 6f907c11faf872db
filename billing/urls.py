"""The pages of billing."""

from django.urls import path

from billing.views import unsubscribe

urlpatterns = [
    path("unsubscribe/<str:token>", unsubscribe.unsubscribe, name="unsubscribe"),
]
