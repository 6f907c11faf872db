"""The rows of money: what a period has left, and the claims that prove a charge."""

from pynamodb.attributes import NumberAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

BILLING = {"category": "billing", "retention": "until erasure"}
CLAIM = {"category": "billing", "retention": "one year from the charge (info: 24 hours)", "exported": False}

PROOF = {"category": "none", "retention": "until the next one", "exported": False}


class Counter(dynamo.Row):
    """The half-credits of one workspace in one period: always `granted = used + left`."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("counters")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose credits they are", **BILLING)
    period = kept(UnicodeAttribute(range_key=True), "the hour the period starts on", **BILLING)
    granted = kept(NumberAttribute(), "half-credits of the period", **BILLING)
    used = kept(NumberAttribute(default=0), "half-credits charged", **BILLING)
    left = kept(NumberAttribute(), "half-credits that can still be charged", **BILLING)


class Claim(dynamo.Row):
    """Proof that an operation was charged: a keyed hash and its times, nothing else (P05)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("claims")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose charge it was", **CLAIM)
    digest = kept(UnicodeAttribute(range_key=True), "keyed hash of the canonical operation (P05)", **CLAIM)
    charged = kept(NumberAttribute(), "when it was charged", **CLAIM)
    expires = kept(TTLAttribute(), "when the operation is new work again", **CLAIM)


class LedgerProof(dynamo.Row):
    """The last proof that events, counters and rollups agree: for the status page, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("proofs")

    name = kept(UnicodeAttribute(hash_key=True), "names the proof", **PROOF)
    moment = kept(NumberAttribute(), "when it was made", **PROOF)
    periods = kept(NumberAttribute(), "how many periods were added up", **PROOF)
    broken = kept(NumberAttribute(), "how many did not add up", **PROOF)
    due = kept(NumberAttribute(), "when the next one may begin", **PROOF)
