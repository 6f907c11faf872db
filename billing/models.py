"""The rows of money: what a period and a day have left, what was given, and the claims that prove a charge."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept
from imgapis.base.measures import Halves, Moment, Whole

BILLING = {"category": "billing", "retention": "until erasure"}
CLAIM = {"category": "billing", "retention": "one year from the charge (info: 24 hours)", "exported": False}

PROOF = {"category": "none", "retention": "until the next one", "exported": False}


class Counter(dynamo.Row):
    """The half-credits of one workspace in one period, or on one day where a day is capped: always
    `granted = used + left`, and in a period `granted = base + extra + room`."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("counters")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose credits they are", **BILLING)
    period = kept(UnicodeAttribute(range_key=True), "the hour the period starts on, or the day", **BILLING)
    granted = kept(Halves(), "half-credits that may be charged at all", **BILLING)
    used = kept(Halves(default=0), "half-credits charged", **BILLING)
    left = kept(Halves(), "half-credits that can still be charged", **BILLING)
    base = kept(Halves(null=True), "half-credits of the plan", **BILLING)
    extra = kept(Halves(default=0), "half-credits given or taken back beside it", **BILLING)
    room = kept(Halves(default=0), "half-credits of overage allowed; below 0, what a cap withholds", **BILLING)
    ends = kept(Moment(null=True), "when the period ends", **BILLING)
    plan = kept(UnicodeAttribute(default="free"), "the plan of the period", **BILLING)
    expires = kept(TTLAttribute(null=True), "ends the row of a day", category="billing", retention="400 days")

    @property
    def is_day(self) -> bool:
        """Whether it counts a capped day."""
        return "T" not in self.period


class Grant(dynamo.Row):
    """Half-credits given to a workspace, or taken back, beside its plan: by whom and why."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("grants")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "who got them", **BILLING)
    grant_id = kept(UnicodeAttribute(range_key=True), "names the grant", **BILLING)
    period = kept(UnicodeAttribute(), "the period they count in", **BILLING)
    halves = kept(Halves(), "half-credits; below 0 where they were taken back", **BILLING)
    reason = kept(UnicodeAttribute(), "why, in support's own words", **BILLING)
    actor = kept(UnicodeAttribute(), "who: opaque", **BILLING)
    moment = kept(Moment(), "when", **BILLING)


class Claim(dynamo.Row):
    """Proof that an operation was charged: a keyed hash and its times, nothing else (P05)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("claims")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose charge it was", **CLAIM)
    digest = kept(UnicodeAttribute(range_key=True), "keyed hash of the canonical operation (P05)", **CLAIM)
    charged = kept(Moment(), "when it was charged", **CLAIM)
    expires = kept(TTLAttribute(), "when the operation is new work again", **CLAIM)


class LedgerProof(dynamo.Row):
    """The last proof that events, counters and rollups agree: for the status page, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("proofs")

    name = kept(UnicodeAttribute(hash_key=True), "names the proof", **PROOF)
    moment = kept(Moment(), "when it was made", **PROOF)
    periods = kept(Whole(), "how many periods were added up", **PROOF)
    broken = kept(Whole(), "how many did not add up", **PROOF)
    due = kept(Moment(), "when the next one may begin", **PROOF)
