"""Support staff: their role, and their second factor."""

from dataclasses import replace

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

STAFF = DataHandling("security", "until the person leaves the staff")
FACTOR = replace(STAFF, exported=False)


class Staff(dynamo.Row):
    """Somebody of the support staff: what they may do, and how they prove it is them (A16)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("staff")

    person_id = declared(UnicodeAttribute(hash_key=True), "names the member of staff", STAFF)
    role = declared(UnicodeAttribute(), "what they may do in the admin", STAFF)
    created = declared(Moment(), "since when", STAFF)
    device_id = declared(UnicodeAttribute(), "tells this second factor from an earlier one", FACTOR)
    sealed_secret = declared(UnicodeAttribute(), "makes the codes of the second factor; encrypted", FACTOR)
    enrolled = declared(Moment(default=0), "when the second factor was first proven; 0 is not yet", STAFF)
    enrol_until = declared(Moment(), "until when it can be set up", FACTOR)
    last_t = declared(Whole(default=0), "the last step whose code was used, so that none is used twice", FACTOR)
    tries = declared(Whole(default=0), "wrong codes since the last right one", FACTOR)
    locked_until = declared(Moment(default=0), "refuses every code until then", FACTOR)
    recovery = declared(UnicodeSetAttribute(null=True), "digests of the recovery codes that are left", FACTOR)
