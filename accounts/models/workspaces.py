"""Workspaces, by id and by namespace."""

from collections.abc import Iterator
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from accounts.models.handling import ACCOUNT, BILLING
from accounts.models.namespaces import Namespace
from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.errors import ApiError
from imgapis.base.measures import Halves, Moment, Whole

CAP = {"type": "object", "properties": {"unit": {"type": "string"}, "amount": {"type": "number"}}}
CAPS = {"type": "object", "additionalProperties": CAP}


class WorkspaceGone(ApiError):
    """The workspace is erased: nothing is written for it any more (D8)."""

    status = 410
    code = "workspace_gone"

    def __init__(self) -> None:
        super().__init__("This workspace was deleted.")


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
    paid_halves = declared(Halves(null=True), "what the last month that was paid for had been paid for", BILLING)
    unpaid_since = declared(Moment(default=0), "when a period began that is not paid; 0 is none", BILLING)
    overage = declared(BooleanAttribute(default=False), "whether credits beyond the plan's may be bought", BILLING)
    overage_debt = declared(
        UnicodeAttribute(default=""), "why none are sold meanwhile: such as an unpaid invoice of them", BILLING
    )
    settling_until = declared(
        Moment(default=0), "until when no overage is allowed, as the bill is being settled", BILLING
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
    origin_cache_control = declared(
        BooleanAttribute(default=False), "whether the Cache-Control of full-URL sources bounds their outputs", ACCOUNT
    )
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


def find(workspace_id: str) -> Workspace | None:
    """The workspace of an id, as it is now."""
    return Workspace.find(workspace_id)


def require(workspace_id: str) -> Workspace:
    """The workspace of an id, as it is now. Raises WorkspaceGone."""
    row = find(workspace_id)
    if row is None:
        raise WorkspaceGone
    return row


def of_ids(workspace_ids: list[str]) -> list[Workspace]:
    """The workspaces of some ids, those that there are, in no order."""
    return list(Workspace.batch_get(workspace_ids, consistent_read=True))


def iter_ids() -> Iterator[str]:
    """The id of every workspace, in no order."""
    return (row.workspace_id for row in Workspace.scan())


def of_namespace(namespace: str) -> Workspace | None:
    """The workspace an image host belongs to; a renamed workspace goes on under its old namespace too."""
    claim = Namespace.find(namespace)
    return find(claim.workspace_id) if claim else None


def change(row: Workspace, **values: Any) -> None:
    """Set attributes of a workspace that exists; `row` is refreshed."""
    actions = Workspace.assignments(values)
    row.update(actions=actions, condition=Workspace.is_present())


def reload(row: Workspace) -> None:
    """Bring a row to what it is now."""
    row.refresh(consistent_read=True)


def replace_signing_keys(row: Workspace, keys: list[dict[str, Any]], **values: Any) -> bool:
    """Replace the signing keys of a workspace, and set other attributes beside them; False where the keys have changed
    since the row was read."""
    condition = Workspace.signing_keys == row.signing_keys
    if not row.signing_keys:
        condition = condition | Workspace.signing_keys.does_not_exist()
    return row.update_if(Workspace.is_present() & condition, signing_keys=keys, **values)
