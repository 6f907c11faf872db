"""The pages of usage; the project's URLs route the first of them, since it shows the allowance too."""

from django.urls import path

from telemetry.views import usage

urlpatterns = [
    path("w/<slug:namespace>/usage.csv", usage.download, {"kind": "csv"}, name="usage-csv"),
    path("w/<slug:namespace>/usage.json", usage.download, {"kind": "json"}, name="usage-json"),
    path("w/<slug:namespace>/usage/<str:event_id>", usage.receipt, name="receipt"),
]
