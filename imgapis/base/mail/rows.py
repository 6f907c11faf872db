"""The row of a mail that is to be sent: whom to, what about, and what its text is made of; never a code or a secret."""

from dataclasses import replace

from pynamodb.attributes import JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

MAIL = DataHandling("account", "until it is sent, three days at most")
SENDING = replace(MAIL, category="none", exported=False)


class DueMails(GlobalSecondaryIndex):
    """Finds the mails that are due; the lease decides."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    queue = UnicodeAttribute(hash_key=True)
    due = NumberAttribute(range_key=True)


class OutgoingMail(dynamo.Row):
    """A mail from the moment it is asked for until the mail server has it."""

    EVERY = "mails"

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("outbox")

    mail_id = declared(UnicodeAttribute(hash_key=True), "names the mail, also in its Message-ID", MAIL)
    email = declared(UnicodeAttribute(), "whom it is for", MAIL)
    person_id = declared(UnicodeAttribute(default=""), "whose account it is about, if any", MAIL)
    workspace_id = declared(UnicodeAttribute(default=""), "which workspace it is about, if any", MAIL)
    subject = declared(UnicodeAttribute(), "its subject", MAIL)
    template = declared(UnicodeAttribute(), "which text it has", MAIL)
    context = declared(JSONAttribute(default=dict), "the words and figures of its text", MAIL, shape=shapes.OBJECT)
    completion = declared(
        UnicodeAttribute(default=""), "which function adds what is made when it leaves, as a code or a link", SENDING
    )
    reference = declared(
        UnicodeAttribute(default=""),
        "the id of the row that a code or a link belongs to",
        DataHandling("security", "until it is sent, three days at most", exported=False),
    )
    queue = declared(UnicodeAttribute(default=EVERY), "lists what is due", SENDING)
    first_due = declared(Moment(), "when it was to be sent", SENDING)
    due = declared(Moment(), "when it may be sent, or be tried again", SENDING)
    attempts = declared(Whole(default=0), "how often sending it was begun", SENDING)
    ends = declared(Moment(), "when it is given up", SENDING)
    expires = declared(TTLAttribute(), "ends the row", SENDING)

    due_mails = DueMails()
