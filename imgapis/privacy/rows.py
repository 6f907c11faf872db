"""The row of an erasure: its state, and in the end its certificate."""

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

EVIDENCE = {"category": "none", "retention": "as proof, by opaque id", "exported": False, "erased": False}


class Erasure(dynamo.Row):
    """The erasure of a workspace or a person: requested, scheduled, running, swept, done (D4)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("erasures")

    subject_id = kept(UnicodeAttribute(hash_key=True), "names what is erased, without personal data", **EVIDENCE)
    kind = kept(UnicodeAttribute(), "workspace or person", **EVIDENCE)
    state = kept(UnicodeAttribute(), "scheduled, running, swept, done or undone", **EVIDENCE)
    asked = kept(NumberAttribute(), "when it was asked for; the days are counted from it", **EVIDENCE)
    due = kept(NumberAttribute(), "when its next step may begin, or be tried again", **EVIDENCE)
    step = kept(NumberAttribute(default=0), "how many steps every store has confirmed", **EVIDENCE)
    folder = kept(UnicodeAttribute(default=""), "where its outputs lay in the bucket", **EVIDENCE)
    began = kept(NumberAttribute(default=0), "when the first step began", **EVIDENCE)
    swept = kept(NumberAttribute(default=0), "when the first sweep was whole", **EVIDENCE)
    counts = kept(JSONAttribute(default=dict), "how much of each kind was removed", **EVIDENCE)
    failure = kept(UnicodeAttribute(default=""), "which step did not go through at its last try", **EVIDENCE)
    certificate = kept(JSONAttribute(null=True), "the signed certificate", **EVIDENCE)
