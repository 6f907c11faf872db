"""One-time codes."""

from pynamodb.attributes import BooleanAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

CODE = DataHandling("security", "10 minutes", exported=False)


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
