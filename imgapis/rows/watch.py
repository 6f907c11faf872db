"""The row of an alert: what is wrong with the service, about no customer and nobody."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ALERT = DataHandling("none", "30 days after it last stood", exported=False)


class Alert(dynamo.Row):
    """Something wrong on one host of ours; it stands while it is seen again and again."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("alerts")

    name = declared(UnicodeAttribute(hash_key=True), "names what is wrong", ALERT)
    host = declared(UnicodeAttribute(range_key=True), "names the server of ours that saw it", ALERT)
    sentence = declared(UnicodeAttribute(), "says it to the operator", ALERT)
    since = declared(Moment(), "when it began", ALERT)
    seen = declared(Moment(), "when it was last seen", ALERT)
    mailed = declared(Moment(default=0), "keeps the operator's mail to one an hour", ALERT)
    expires = declared(TTLAttribute(), "ends the row", ALERT)
