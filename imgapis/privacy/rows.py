"""The rows of an erasure, its state and in the end its certificate, and of an export whose link was mailed."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept
from imgapis.base.measures import Moment, Whole

EVIDENCE = {"category": "none", "retention": "as proof, by opaque id", "exported": False, "erased": False}
LINK = {"category": "security", "retention": "one day"}


class Erasure(dynamo.Row):
    """The erasure of a workspace or a person: requested, scheduled, running, swept, done (D4)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("erasures")

    subject_id = kept(UnicodeAttribute(hash_key=True), "names what is erased, without personal data", **EVIDENCE)
    kind = kept(UnicodeAttribute(), "workspace or person", **EVIDENCE)
    state = kept(UnicodeAttribute(), "scheduled, running, swept, done or undone", **EVIDENCE)
    asked = kept(Moment(), "when it was asked for; the days are counted from it", **EVIDENCE)
    due = kept(Moment(), "when its next step may begin, or be tried again", **EVIDENCE)
    step = kept(Whole(default=0), "how many steps every store has confirmed", **EVIDENCE)
    folder = kept(UnicodeAttribute(default=""), "where its outputs lay in the bucket", **EVIDENCE)
    began = kept(Moment(default=0), "when the first step began", **EVIDENCE)
    swept = kept(Moment(default=0), "when the first sweep was whole", **EVIDENCE)
    counts = kept(JSONAttribute(default=dict), "how much of each kind was removed", **EVIDENCE)
    trying = kept(BooleanAttribute(default=False), "whether a try has begun and has not ended", **EVIDENCE)
    broken_off = kept(
        BooleanAttribute(default=False), "whether a try was broken off, so that more may have gone than was counted",
        **EVIDENCE,
    )  # fmt: skip
    failure = kept(UnicodeAttribute(default=""), "which step did not go through at its last try", **EVIDENCE)
    certificate = kept(JSONAttribute(null=True), "the signed certificate", **EVIDENCE)


class ExportLink(dynamo.Row):
    """The mailed link of an export: it works for whoever asked for it, signed in, for a day (D10)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("exportlinks")

    digest = kept(
        UnicodeAttribute(hash_key=True), "finds the link; the link itself is in the mail alone", category="security",
        retention="one day", exported=False,
    )  # fmt: skip
    person_id = kept(UnicodeAttribute(), "whose link it is: it works for nobody else", **LINK)
    kind = kept(UnicodeAttribute(), "workspace or person", **LINK)
    subject_id = kept(UnicodeAttribute(), "what is exported", **LINK)
    expires = kept(TTLAttribute(), "ends the link", **LINK)
