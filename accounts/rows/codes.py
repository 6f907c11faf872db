"""The rows of one-time codes and of the counts that slow their issuing."""

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

CODE = DataHandling("security", "10 minutes", exported=False)
COUNT = DataHandling("security", "one day", exported=False)


class Challenge(dynamo.Row):
    """A code that was mailed, bound to the browser session that asked for it (A2); or one that several sessions asked
    for, and what each of these has of it."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("codes")

    challenge_id = declared(
        UnicodeAttribute(hash_key=True), "is in the session that asked, or names a shared code", CODE
    )
    email = declared(UnicodeAttribute(), "whose proof it is", CODE)
    purpose = declared(UnicodeAttribute(), "what the code proves", CODE)
    digest = declared(
        UnicodeAttribute(), "proves the code, once its mail has left; keyed and salted by the id (A3)", CODE
    )
    shared_id = declared(
        UnicodeAttribute(null=True), "whose code counts, where several sessions were told of one mail", CODE
    )
    mail_id = declared(UnicodeAttribute(null=True), "finds the mail of a shared code until it has left", CODE)
    former_id = declared(UnicodeAttribute(null=True), "what the session had before, which still counts", CODE)
    tries = declared(Whole(default=0), "ends the code after three wrong ones (A1)", CODE)
    used = declared(BooleanAttribute(default=False), "ends the code after one right one (A2)", CODE)
    expires = declared(TTLAttribute(), "ends the code", CODE)


class Throttle(dynamo.Row):
    """How many mails an address was sent or a browser asked for in the last hour, or everybody in a minute, and how
    many codes were wrong; addresses and browsers only as digests whose key changes with the day."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("throttles")

    bucket = declared(UnicodeAttribute(hash_key=True), "counts mails to one address, or of one browser (A20)", COUNT)
    moments = declared(JSONAttribute(null=True), "when the last mails were asked for", COUNT)
    count = declared(  # type: ignore[assignment]  # takes the place of PynamoDB's Model.count, which nobody calls
        Whole(default=0), "how many", COUNT
    )
    expires = declared(TTLAttribute(), "ends the count", COUNT)
