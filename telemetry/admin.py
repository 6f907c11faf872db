"""The tables of telemetry in the admin."""

from django.contrib import admin

from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin
from telemetry.events import CacheStatus
from telemetry.models import Event

OPERATIONS = [(name, name) for name in ("transform", "info", "grid", "placeholder")]
CACHES = [(name, name) for name in (CacheStatus.HIT.recorded, CacheStatus.MISS.recorded)]


@admin.register(model_for(Event, "telemetry", choices={"operation": OPERATIONS, "cache": CACHES}))
class EventAdmin(RowAdmin):
    """Image requests: of one workspace newest first."""

    right = "customers.see"
    list_display = ("event_id", "workspace_id", "operation", "cache", "status", "origin", "cost")
    list_filter = ("operation", "cache")
    search_fields = ("workspace_id",)
    ordering = ("-event_id",)
