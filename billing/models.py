"""The rows of money: what a period and a day have left, what was given, and the claims that prove a charge."""

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Halves, Moment, Whole

BILLING = DataHandling("billing", "until erasure")
CLAIM = DataHandling("billing", "one year from the charge (info: 24 hours)", exported=False)

PROOF = DataHandling("none", "until the next one", exported=False)


class Counter(dynamo.Row):
    """The half-credits of one workspace in one period, or on one day where a day is capped: always
    `granted = used + left`, and in a period `granted = base + extra + room`."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("counters")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose credits they are", BILLING)
    period = declared(UnicodeAttribute(range_key=True), "the hour the period starts on, or the day", BILLING)
    granted = declared(Halves(), "half-credits that may be charged at all", BILLING)
    used = declared(Halves(default=0), "half-credits charged", BILLING)
    left = declared(Halves(), "half-credits that can still be charged", BILLING)
    base = declared(Halves(null=True), "half-credits of the plan", BILLING)
    extra = declared(Halves(default=0), "half-credits given or taken back beside it", BILLING)
    room = declared(Halves(default=0), "half-credits of overage allowed; below 0, what a cap withholds", BILLING)
    sold = declared(
        JSONAttribute(null=True),
        "half-credits used beyond an earlier plan's or before a gift, by the plan of then",
        BILLING,
        shape=shapes.NUMBER_BY_NAME,
    )
    ends = declared(Moment(null=True), "when the period ends", BILLING)
    plan = declared(UnicodeAttribute(default="free"), "the plan of the period", BILLING)
    expires = declared(TTLAttribute(null=True), "ends the row of a day", DataHandling("billing", "400 days"))

    @property
    def is_day(self) -> bool:
        """Whether it counts a capped day."""
        return "T" not in self.period


class Grant(dynamo.Row):
    """Half-credits given to a workspace, or taken back, beside its plan: by whom and why."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("grants")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who got them", BILLING)
    grant_id = declared(UnicodeAttribute(range_key=True), "names the grant", BILLING)
    period = declared(UnicodeAttribute(), "the period they count in", BILLING)
    halves = declared(Halves(), "half-credits; below 0 where they were taken back", BILLING)
    reason = declared(UnicodeAttribute(), "why, in support's own words", BILLING)
    actor = declared(UnicodeAttribute(), "who: opaque", BILLING)
    moment = declared(Moment(), "when", BILLING)


class InvoiceGrant(dynamo.Row):
    """What a paid invoice of Stripe's granted of a plan's credits in one period, and what its refunds and disputes took
    back of it; no amount of money (P03)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("invoice-grants")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "who got them", BILLING)
    place = declared(UnicodeAttribute(range_key=True), "the period, and the invoice", BILLING)
    invoice_id = declared(UnicodeAttribute(), "names the invoice at Stripe", BILLING)
    charge_id = declared(UnicodeAttribute(default=""), "names its payment at Stripe, once it went back", BILLING)
    period = declared(UnicodeAttribute(), "the period they count in", BILLING)
    granted = declared(Halves(), "half-credits the invoice is good for in the period", BILLING)
    withheld = declared(Halves(default=0), "those not given, as they were refunded before the period", BILLING)
    returned = declared(Whole(default=0), "billionths of the invoice that were refunded or are disputed", BILLING)
    taken = declared(Halves(default=0), "half-credits that are taken back for it, with those withheld", BILLING)
    moment = declared(Moment(), "when it was written down", BILLING)


class Claim(dynamo.Row):
    """Proof that something was charged: a keyed hash and its times, nothing else (P05). One row stands for the address
    of an operation, others for what it came to and for each source of a grid: a letter before the hash tells them
    apart (`billing.store`)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("claims")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose charge it was", CLAIM)
    digest = declared(UnicodeAttribute(range_key=True), "keyed hash of the canonical operation (P05)", CLAIM)
    charged = declared(Moment(), "when it was charged", CLAIM)
    expires = declared(TTLAttribute(), "when the operation is new work again", CLAIM)


class LedgerProof(dynamo.Row):
    """The last proof that events, counters and rollups agree: for the status page, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("proofs")

    name = declared(UnicodeAttribute(hash_key=True), "names the proof", PROOF)
    moment = declared(Moment(), "when it was made", PROOF)
    periods = declared(Whole(), "how many periods were added up", PROOF)
    broken = declared(Whole(), "how many did not add up", PROOF)
    due = declared(Moment(), "when the next one may begin", PROOF)
    reached = declared(UnicodeAttribute(default=""), "the workspace up to which one that is not done has come", PROOF)
    periods_so_far = declared(Whole(default=0), "how many periods that one has added up", PROOF)
    broken_so_far = declared(Whole(default=0), "how many of these did not add up", PROOF)
