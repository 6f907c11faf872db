"""The admin of the project's own tables: policy, privacy and alerts."""

from django.contrib import admin
from django.contrib.auth.models import Group

from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin
from imgapis.base.mail.rows import OutgoingMail
from imgapis.models import Announcement, Erasure, PrivacyRequest, ScheduledTask
from imgapis.policy.requests import KINDS, LAWS

admin.site.unregister(Group)  # stock groups are rows of a SQL database; our roles are a table of the code
STATES = [(name, name) for name in ("open", "done", "refused")]


@admin.register(
    model_for(
        PrivacyRequest,
        "imgapis",
        name="privacy request",
        moments=("received", "due", "confirmed", "extended", "closed"),
        choices={"law": list(LAWS.items()), "kind": list(KINDS.items()), "state": STATES},
    )
)
class PrivacyRequestAdmin(RowAdmin):
    """Requests that came by mail; the front page lists the open ones by due day."""

    right = "requests.see"
    exclude = ("address",)
    list_display = ("request_id", "law", "kind", "state", "received", "due", "certificate")
    list_filter = ("state", "law", "kind")
    search_fields = ("request_id",)


@admin.register(model_for(Announcement, "imgapis", moments=("begun", "completed")))
class AnnouncementAdmin(RowAdmin):
    """Announcements of policy versions."""

    right = "requests.see"
    list_display = ("version", "effective", "begun", "completed")
    search_fields = ("version",)


ERASURES = [(name, name) for name in ("scheduled", "running", "swept", "done", "undone")]


@admin.register(
    model_for(
        Erasure,
        "imgapis",
        moments=("asked", "due", "began", "swept", "emptied"),
        choices={"kind": [("workspace", "workspace"), ("person", "person")], "state": ERASURES},
    )
)
class ErasureAdmin(RowAdmin):
    """Erasures by opaque id: how far each is, and what does not go through."""

    right = "requests.see"
    exclude = ("folder", "customer_id")
    list_display = ("subject_id", "kind", "state", "asked", "due", "step", "failure")
    list_filter = ("kind", "state")
    search_fields = ("subject_id",)


@admin.register(
    model_for(OutgoingMail, "imgapis", name="mail", plural="mails to be sent", moments=("first_due", "due", "ends"))
)
class OutgoingMailAdmin(RowAdmin):
    """Mails that have not left yet, without their addresses and texts."""

    right = "customers.see"
    exclude = ("email", "context")
    list_display = ("mail_id", "subject", "workspace_id", "first_due", "due", "attempts")
    search_fields = ("mail_id", "workspace_id")


@admin.register(
    model_for(
        ScheduledTask,
        "imgapis",
        name="scheduled task",
        moments=("due", "leased_until", "began", "finished"),
    )
)
class ScheduledTaskAdmin(RowAdmin):
    """Kinds of background work: when each was last done, by whom, and what came of it."""

    right = "customers.see"
    list_display = ("name", "host", "outcome", "failures", "finished", "lasted", "count", "due", "holder")
    search_fields = ("name",)
