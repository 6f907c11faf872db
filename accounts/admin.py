"""The tables of accounts in the admin."""

from django.contrib import admin

from accounts.models import ApiKey, AuditEntry, Member, Person, Staff, Workspace, workspaces
from accounts.staff import staff_rights
from accounts.teams import roles
from imgapis.base.admin.mirrors import model_for
from imgapis.base.admin.row_admin import RowAdmin
from imgapis.base.dynamo import Row

PLANS = [(name, name) for name in ("free", "starter", "growth", "scale")]
ROLES = [(name, name) for name in roles.ROLES]


def _of_namespace(text: str) -> list[Row]:
    """The workspace that goes, or went, by a namespace."""
    row = workspaces.of_namespace(text.lower())
    return [row] if row else []


@admin.register(model_for(Workspace, "accounts", choices={"plan": PLANS}, moments=("created", "period_start")))
class WorkspaceAdmin(RowAdmin):
    """Workspaces; the page of support tells more."""

    right = "customers.see"
    list_display = ("namespace", "business_name", "plan", "suspended", "created")
    list_filter = ("plan", "suspended")
    search_fields = ("workspace_id", "namespace")
    lookups = {"namespace": _of_namespace}


@admin.register(model_for(Person, "accounts", plural="people", moments=("adult_confirmed", "created")))
class PersonAdmin(RowAdmin):
    """People by opaque id; the address is found by the search box and seen by an act of its own."""

    right = "customers.see"
    exclude = ("email",)
    list_display = ("person_id", "is_staff", "created")
    list_filter = ("is_staff",)
    search_fields = ("person_id",)


@admin.register(model_for(Member, "accounts", choices={"role": ROLES}, moments=("joined",)))
class MemberAdmin(RowAdmin):
    """Who is in which workspace."""

    right = "customers.see"
    list_display = ("workspace_id", "person_id", "role", "joined")
    list_filter = ("role",)
    search_fields = ("workspace_id", "person_id")


@admin.register(model_for(ApiKey, "accounts", name="API key", moments=("created", "expires")))
class ApiKeyAdmin(RowAdmin):
    """API keys by prefix; the secret is stored nowhere."""

    right = "customers.see"
    list_display = ("prefix", "workspace_id", "name", "created", "expires", "last_used_day")
    search_fields = ("prefix", "workspace_id")


@admin.register(model_for(AuditEntry, "accounts", name="audit entry", plural="audit entries"))
class AuditAdmin(RowAdmin):
    """Who did what: of one log newest first, of all in no order."""

    right = "trail.see"
    list_display = ("entry_id", "workspace_id", "actor", "act", "target", "reason")
    search_fields = ("workspace_id",)
    ordering = ("-entry_id",)


@admin.register(
    model_for(
        Staff,
        "accounts",
        name="member of staff",
        plural="staff",
        moments=("created", "enrolled"),
        choices={"role": [(name, name) for name in staff_rights.ROLES]},
    )
)
class StaffAdmin(RowAdmin):
    """Who is on the staff; manage.py staff changes it."""

    right = "staff.see"
    list_display = ("person_id", "role", "created", "enrolled")
    list_filter = ("role",)
    search_fields = ("person_id",)
