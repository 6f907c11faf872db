"""The counts that slow the issuing of codes."""

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

COUNT = DataHandling("security", "one day", exported=False)


class Throttle(dynamo.Row):
    """How many mails an address was sent or a browser asked for in the last hour, or everybody in a minute, and how
    many codes were wrong; addresses and browsers only as digests whose key changes with the day."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("throttles")

    bucket = declared(UnicodeAttribute(hash_key=True), "counts mails to one address, or of one browser (A20)", COUNT)
    moments = declared(JSONAttribute(null=True), "when the last mails were asked for", COUNT)
    count = declared(Whole(default=0), "how many", COUNT)  # type: ignore[assignment]  # replaces Model.count
    expires = declared(TTLAttribute(), "ends the count", COUNT)
