"""The rows of people and workspaces, and the unmanaged user that stock Django knows."""

from django.db import models
from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

ACCOUNT = {"category": "account", "retention": "until erasure"}


class Person(dynamo.Row):
    """Somebody with an account."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("people")

    person_id = kept(UnicodeAttribute(hash_key=True), "names the account without personal data", **ACCOUNT)
    email = kept(UnicodeAttribute(), "receives the login code", **ACCOUNT)
    is_staff = kept(BooleanAttribute(default=False), "opens the admin to support staff", **ACCOUNT)
    created = kept(NumberAttribute(), "when the account began", **ACCOUNT)


class SessionRow(dynamo.Row):
    """A browser that is logged in (P16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("sessions")

    digest = kept(
        UnicodeAttribute(hash_key=True), "finds the session; the key itself is in the cookie alone",
        category="security", retention="14 days after the last use", exported=False,
    )  # fmt: skip
    data = kept(
        UnicodeAttribute(), "who is logged in, and the form token", category="security",
        retention="14 days after the last use", exported=False,
    )  # fmt: skip
    expires = kept(
        TTLAttribute(), "ends the session", category="security", retention="14 days after the last use", exported=False
    )


class Workspace(dynamo.Row):
    """A customer's workspace: its namespace, its key, its rules of access and its limits."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("workspaces")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "names the workspace in every other row", **ACCOUNT)
    namespace = kept(UnicodeAttribute(), "is the first label of the image host", **ACCOUNT)
    business_name = kept(UnicodeAttribute(default=""), "names the customer on pages and mails", **ACCOUNT)
    sealed_key = kept(
        UnicodeAttribute(), "makes cache keys and claims of this workspace alone (P05); destroyed at erasure",
        category="security", retention="until erasure", exported=False,
    )  # fmt: skip
    allowed_origins = kept(JSONAttribute(), "which sites may call the image API", **ACCOUNT)
    allowed_sources = kept(JSONAttribute(), "which hosts a full-URL source may name", **ACCOUNT)
    allowance = kept(
        NumberAttribute(), "half-credits a period, written down by billing", category="billing",
        retention="until erasure",
    )  # fmt: skip
    suspended = kept(BooleanAttribute(default=False), "stops the workspace", **ACCOUNT)
    created = kept(NumberAttribute(), "when the workspace began", **ACCOUNT)


class Namespace(dynamo.Row):
    """The claim of a namespace: unique, and never given to anyone else."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("namespaces")

    namespace = kept(UnicodeAttribute(hash_key=True), "is the first label of the image host", **ACCOUNT)
    workspace_id = kept(UnicodeAttribute(), "finds the workspace of an image host", **ACCOUNT)


class User(models.Model):
    """The user stock Django sees: unmanaged, read from the `people` table by the authentication backend."""

    person_id = models.CharField(primary_key=True, max_length=40)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ()
    is_active = True
    is_anonymous = False
    is_authenticated = True

    class Meta:
        managed = False

    def get_username(self) -> str:
        """The name Django shows: the opaque id, never the address."""
        return self.person_id
