"""The rows of support staff: their role, and their second factor."""

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept
from imgapis.base.measures import Moment, Whole

STAFF = {"category": "security", "retention": "until the person leaves the staff"}
FACTOR = {**STAFF, "exported": False}


class Staff(dynamo.Row):
    """Somebody of the support staff: what they may do, and how they prove it is them (A16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("staff")

    person_id = kept(UnicodeAttribute(hash_key=True), "names the member of staff", **STAFF)
    role = kept(UnicodeAttribute(), "what they may do in the admin", **STAFF)
    created = kept(Moment(), "since when", **STAFF)
    device_id = kept(UnicodeAttribute(), "tells this second factor from an earlier one", **FACTOR)
    sealed_secret = kept(UnicodeAttribute(), "makes the codes of the second factor; encrypted", **FACTOR)
    enrolled = kept(Moment(default=0), "when the second factor was first proven; 0 is not yet", **STAFF)
    enrol_until = kept(Moment(), "until when it can be set up", **FACTOR)
    last_t = kept(Whole(default=0), "the last step whose code was used, so that none is used twice", **FACTOR)
    tries = kept(Whole(default=0), "wrong codes since the last right one", **FACTOR)
    locked_until = kept(Moment(default=0), "refuses every code until then", **FACTOR)
    recovery = kept(UnicodeSetAttribute(null=True), "digests of the recovery codes that are left", **FACTOR)
