"""The rows of an erasure, its state and in the end its certificate, and of an export whose link was mailed."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

EVIDENCE = DataHandling("none", "as proof, by opaque id", exported=False, erased=False)
LINK = DataHandling("security", "one day")


class Erasure(dynamo.Row):
    """The erasure of a workspace or a person: requested, scheduled, running, swept, done (D4)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("erasures")

    subject_id = declared(UnicodeAttribute(hash_key=True), "names what is erased, without personal data", EVIDENCE)
    kind = declared(UnicodeAttribute(), "workspace or person", EVIDENCE)
    state = declared(UnicodeAttribute(), "scheduled, running, swept, done or undone", EVIDENCE)
    asked = declared(Moment(), "when it was asked for; the days are counted from it", EVIDENCE)
    due = declared(Moment(), "when its next step may begin, or be tried again", EVIDENCE)
    step = declared(Whole(default=0), "how many steps every store has confirmed", EVIDENCE)
    folder = declared(UnicodeAttribute(default=""), "where its outputs lay in the bucket", EVIDENCE)
    customer_id = declared(
        UnicodeAttribute(default=""), "names its customer at Stripe until it is deleted there", EVIDENCE
    )
    invoices = declared(
        UnicodeAttribute(default="none"), "whether Stripe holds invoices, and an open one among them", EVIDENCE
    )
    began = declared(Moment(default=0), "when the first step began", EVIDENCE)
    swept = declared(Moment(default=0), "when the first sweep was whole", EVIDENCE)
    emptied = declared(Moment(default=0), "when the second sweep of our own stores was whole", EVIDENCE)
    counts = declared(JSONAttribute(default=dict), "how much of each kind was removed", EVIDENCE)
    trying = declared(BooleanAttribute(default=False), "whether a try has begun and has not ended", EVIDENCE)
    broken_off = declared(
        BooleanAttribute(default=False),
        "whether a try was broken off, so that more may have gone than was counted",
        EVIDENCE,
    )
    failure = declared(UnicodeAttribute(default=""), "which step did not go through at its last try", EVIDENCE)
    certificate = declared(JSONAttribute(null=True), "the signed certificate", EVIDENCE)


class ExportLink(dynamo.Row):
    """The mailed link of an export: it works for whoever asked for it, signed in, for a day (D10)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("exportlinks")

    digest = declared(
        UnicodeAttribute(hash_key=True),
        "finds the link; the link itself is in the mail alone",
        DataHandling("security", "one day", exported=False),
    )
    person_id = declared(UnicodeAttribute(), "whose link it is: it works for nobody else", LINK)
    kind = declared(UnicodeAttribute(), "workspace or person", LINK)
    subject_id = declared(UnicodeAttribute(), "what is exported", LINK)
    expires = declared(TTLAttribute(), "ends the link", LINK)
