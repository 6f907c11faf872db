"""The rows of people and workspaces, and the unmanaged user that stock Django knows."""

from django.db import models
from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Halves, Moment, Whole

ACCOUNT = DataHandling("account", "until erasure")
BILLING = DataHandling("billing", "until erasure")
CAP = {"type": "object", "properties": {"unit": {"type": "string"}, "amount": {"type": "number"}}}
CAPS = {"type": "object", "additionalProperties": CAP}
SESSION = DataHandling("security", "14 days after the last use, 30 days at most")


class Person(dynamo.Row):
    """Somebody with an account."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("people")

    person_id = declared(UnicodeAttribute(hash_key=True), "names the account without personal data", ACCOUNT)
    email = declared(UnicodeAttribute(), "receives the login code", ACCOUNT)
    is_staff = declared(BooleanAttribute(default=False), "opens the admin to support staff", ACCOUNT)
    adult_confirmed = declared(Moment(default=0), "when being 16 or older was confirmed (P22)", ACCOUNT)
    created = declared(Moment(), "when the account began", ACCOUNT)
    session_round = declared(
        Whole(default=0),
        "ends every session begun before it was last raised",
        DataHandling("security", "until erasure", exported=False),
    )


class EmailClaim(dynamo.Row):
    """The claim of an address: one account each."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("emails")

    email = declared(UnicodeAttribute(hash_key=True), "finds the account of an address", ACCOUNT)
    person_id = declared(UnicodeAttribute(), "names the account", ACCOUNT)


class SessionsOfPerson(GlobalSecondaryIndex):
    """Lists the sessions of a person; no decision is read from it."""

    class Meta:
        index_name = "person"
        projection = AllProjection()

    person_id = UnicodeAttribute(hash_key=True)


class SessionRow(dynamo.Row):
    """A browser that is logged in (P16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("sessions")

    digest = declared(
        UnicodeAttribute(hash_key=True),
        "finds the session; the key itself is in the cookie alone",
        DataHandling("security", "14 days after the last use", exported=False),
    )
    data = declared(
        UnicodeAttribute(),
        "who is logged in, the form token, and while a code is awaited its address",
        DataHandling("security", "14 days after the last use", exported=False),
    )
    expires = declared(
        TTLAttribute(), "ends the session", DataHandling("security", "14 days after the last use", exported=False)
    )
    person_id = declared(UnicodeAttribute(null=True), "lists a person's sessions, to end them", SESSION)
    started = declared(Moment(), "ends the session after 30 days whatever its use", SESSION)
    seen_day = declared(UnicodeAttribute(), "the last day it was used, no finer", SESSION)
    person_index = SessionsOfPerson()


class Workspace(dynamo.Row):
    """A customer's workspace: its namespace, its key, its rules of access and its limits."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("workspaces")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "names the workspace in every other row", ACCOUNT)
    namespace = declared(UnicodeAttribute(), "is the first label of the image host", ACCOUNT)
    business_name = declared(UnicodeAttribute(default=""), "names the customer on pages and mails", ACCOUNT)
    sealed_key = declared(
        UnicodeAttribute(),
        "makes cache keys and claims of this workspace alone (P05); destroyed at erasure",
        DataHandling("security", "until erasure", exported=False),
    )
    allowed_origins = declared(JSONAttribute(), "which sites may call the image API", ACCOUNT, shape=shapes.TEXTS)
    allowed_sources = declared(JSONAttribute(), "which hosts a full-URL source may name", ACCOUNT, shape=shapes.TEXTS)
    any_source_confirmed = declared(
        Moment(default=0), "when it was confirmed that a full-URL source may name any host; 0 is never", ACCOUNT
    )
    # Written by billing alone, so that no other app needs prices.
    allowance = declared(Halves(), "half-credits a period", BILLING)
    plan = declared(UnicodeAttribute(default="free"), "the plan tier (P03)", BILLING)
    limits = declared(
        JSONAttribute(null=True),
        "what the plan allows: seats, domains, sources and so on",
        BILLING,
        shape=shapes.NUMBER_BY_NAME,
    )
    billing_state = declared(UnicodeAttribute(default=""), "the state of the subscription (P03)", BILLING)
    interval = declared(UnicodeAttribute(default="month"), "whether a month or a year is paid at once", BILLING)
    period_start = declared(Moment(default=0), "the hour the paid period began; 0 is none", BILLING)
    period_end = declared(Moment(default=0), "the hour the paid period ends; 0 is none", BILLING)
    next_plan = declared(UnicodeAttribute(default=""), "the plan that follows at its end, where one is set", BILLING)
    granted_period = declared(UnicodeAttribute(default=""), "the period that `granted_halves` are of", BILLING)
    granted_halves = declared(Halves(default=0), "what that period has been paid for", BILLING)
    unpaid_since = declared(Moment(default=0), "when a period began that is not paid; 0 is none", BILLING)
    overage = declared(BooleanAttribute(default=False), "whether credits beyond the plan's may be bought", BILLING)
    overage_debt = declared(
        UnicodeAttribute(default=""), "why none are sold meanwhile: such as an unpaid invoice of them", BILLING
    )
    caps = declared(JSONAttribute(null=True), "the customer's caps a day and a period", BILLING, shape=CAPS)
    billing_revision = declared(Whole(default=0), "tells older terms from newer ones", BILLING)
    billing_seen = declared(Moment(default=0), "when Stripe was asked for what is written here", BILLING)
    suspended = declared(BooleanAttribute(default=False), "stops the workspace", ACCOUNT)
    signing = declared(
        UnicodeAttribute(default="off"), "whether image addresses must be signed: off or required", ACCOUNT
    )
    signing_keys = declared(
        JSONAttribute(default=list),
        "check signatures: the newest key and the one before, each sealed",
        DataHandling("security", "until rotated out or erasure", exported=False),
    )
    presets_only = declared(BooleanAttribute(default=False), "whether only named presets are served", ACCOUNT)
    refused = declared(
        UnicodeAttribute(default="402"), "what is answered when credits are out: 402, original or placeholder", ACCOUNT
    )
    fallback = declared(UnicodeAttribute(default=""), "the fallback of pictures by default; empty is none", ACCOUNT)
    engine = declared(Whole(default=1), "the oldest version of the engine whose outputs are served", ACCOUNT)
    rules_revision = declared(Whole(default=0), "tells servers that presets, fallbacks or purges have changed", ACCOUNT)
    owners = declared(Whole(default=0), "keeps the last owner from leaving", ACCOUNT)
    team_revision = declared(Whole(default=0), "keeps seats from being given away twice", ACCOUNT)
    limits_revision = declared(Whole(default=0), "keeps keys, sources and domains to their limits", ACCOUNT)
    lately_added = declared(
        JSONAttribute(default=list),
        "the keys, sources and domains of the last minute, which lists may not show yet",
        ACCOUNT,
        shape=shapes.TEXTS,
    )
    created = declared(Moment(), "when the workspace began", ACCOUNT)

    @property
    def pays_for_any_source(self) -> bool:
        """Whether anybody can have a picture of any host made here, and nobody has confirmed that it is meant so."""
        return "*" in self.allowed_sources and not self.any_source_confirmed and self.signing == "off"


class Namespace(dynamo.Row):
    """The claim of a namespace: unique, and never given to anyone else."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("namespaces")

    namespace = declared(UnicodeAttribute(hash_key=True), "is the first label of the image host", ACCOUNT)
    workspace_id = declared(UnicodeAttribute(), "finds the workspace of an image host", ACCOUNT)


class User(models.Model):
    """The user stock Django sees: unmanaged, read from the `people` table by the authentication backend."""

    person_id = models.CharField(primary_key=True, max_length=40)
    email = models.EmailField(unique=True)
    is_staff = models.BooleanField(default=False)
    session_round = models.IntegerField(default=0)
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ()
    is_active = True
    is_anonymous = False
    is_authenticated = True

    class Meta:
        managed = False

    @classmethod
    def of(cls, row: Person) -> "User":
        """The user of a person."""
        return cls(
            person_id=row.person_id, email=row.email, is_staff=row.is_staff, session_round=int(row.session_round)
        )

    def get_username(self) -> str:
        """The name Django shows: the opaque id, never the address."""
        return self.person_id

    def get_session_auth_hash(self) -> str:
        """What Django compares with each request: a session of an earlier round is no longer this person's. It needs
        no secret, because sessions are rows of ours."""
        return f"round {self.session_round}"

    def get_session_auth_fallback_hash(self) -> tuple[str, ...]:
        """None: the round hangs on no server key that could be rotated."""
        return ()
