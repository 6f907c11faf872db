"""The tables of images in the admin."""

from django.contrib import admin

from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin
from transforms.access import fallbacks
from transforms.models import BlockRule, Domain, Fallback, Preset, PurgeRule, Source
from transforms.sources.kinds.registry import KINDS

KIND_CHOICES = [(name, name) for name in KINDS]
STATES = [(name, name) for name in ("pending", "verified", "issuing", "active", "failing", "removing")]

STATUSES = [(name, name) for name in fallbacks.STATUSES]


@admin.register(model_for(Source, "transforms", choices={"kind": KIND_CHOICES}))
class SourceAdmin(RowAdmin):
    """Named sources, without their keys."""

    right = "customers.see"
    list_display = ("workspace_id", "name", "kind", "prefix", "bucket")
    list_filter = ("kind",)
    search_fields = ("workspace_id",)


@admin.register(
    model_for(
        Domain, "transforms", choices={"state": STATES}, moments=("proved", "lapses", "created", "checked", "due")
    )
)
class DomainAdmin(RowAdmin):
    """Custom domains and their state."""

    right = "customers.see"
    list_display = ("domain", "workspace_id", "state", "proven", "reason", "checked")
    list_filter = ("state", "proven")
    search_fields = ("domain", "workspace_id")


@admin.register(model_for(Preset, "transforms", moments=("saved",)))
class PresetAdmin(RowAdmin):
    """Named sets of parameters."""

    right = "customers.see"
    list_display = ("workspace_id", "name", "saved")
    search_fields = ("workspace_id",)


@admin.register(model_for(Fallback, "transforms", choices={"status": STATUSES}, moments=("saved",)))
class FallbackAdmin(RowAdmin):
    """Pictures that are sent instead of errors."""

    right = "customers.see"
    list_display = ("workspace_id", "name", "src", "status", "saved")
    search_fields = ("workspace_id",)


@admin.register(model_for(PurgeRule, "transforms", name="purge", moments=("moment",)))
class PurgeAdmin(RowAdmin):
    """What was purged."""

    right = "customers.see"
    list_display = ("rule_id", "workspace_id", "scope", "target", "moment")
    search_fields = ("workspace_id",)
    ordering = ("-rule_id",)


@admin.register(model_for(BlockRule, "transforms", name="block", moments=("moment",)))
class BlockAdmin(RowAdmin):
    """What was blocked after a report."""

    right = "customers.see"
    list_display = ("rule_id", "workspace_id", "scope", "target", "moment", "reason")
    search_fields = ("workspace_id",)
    ordering = ("-rule_id",)
