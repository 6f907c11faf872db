"""The tables of money in the admin."""

from django.contrib import admin

from billing.models import Counter, Grant, ReportedOverage
from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin


@admin.register(model_for(Counter, "billing", moments=("ends",)))
class CounterAdmin(RowAdmin):
    """What a period or a day has left, in half-credits."""

    right = "customers.see"
    list_display = ("workspace_id", "period", "plan", "granted", "used", "left", "extra")
    search_fields = ("workspace_id",)
    ordering = ("-period",)


@admin.register(model_for(Grant, "billing", moments=("moment",)))
class GrantAdmin(RowAdmin):
    """Credits given and taken back, with their reasons."""

    right = "customers.see"
    list_display = ("grant_id", "workspace_id", "period", "halves", "reason", "actor", "moment")
    search_fields = ("workspace_id",)
    ordering = ("-grant_id",)


@admin.register(model_for(ReportedOverage, "billing", moments=("told", "moment", "failing")))
class ReportedOverageAdmin(RowAdmin):
    """What Stripe's meter was told of overage, in whole credits, and since when that fails."""

    right = "customers.see"
    list_display = ("workspace_id", "period", "credits", "telling", "told", "failing")
    search_fields = ("workspace_id",)
    ordering = ("-period",)
