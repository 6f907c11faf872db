"""The tables of the policy: announced versions, notices to people, privacy requests, and the last proof."""

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ABOUT_NOBODY = DataHandling("none", "as long as the policy", exported=False, erased=False)
NOTICE = DataHandling("account", "90 days, or until erasure")
REQUEST = DataHandling("security", "24 months after it is closed", erased=False)
PROOF = DataHandling("none", "until the next one", exported=False, erased=False)


class Announcement(dynamo.Row):
    """A policy version, or a change of the rules of credits, that people are told of: when it takes effect, and whether
    everybody has been told (P23)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("announcements")

    version = declared(UnicodeAttribute(hash_key=True), "names the version", ABOUT_NOBODY)
    effective = declared(UnicodeAttribute(), "the day it takes effect; moves later when a mail is late", ABOUT_NOBODY)
    begun = declared(Moment(), "accounts older than this are told", ABOUT_NOBODY)
    completed = declared(Moment(default=0), "when everybody had been told", ABOUT_NOBODY)


class Notice(dynamo.Row):
    """That a person is told of a policy version (P23), or of a change of the rules of credits, once."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("notices")

    version = declared(UnicodeAttribute(hash_key=True), "which version, or which change", NOTICE)
    person_id = declared(UnicodeAttribute(range_key=True), "who is told", NOTICE)
    mail_id = declared(UnicodeAttribute(), "names the mail, so that it is found in the post's own records", NOTICE)
    state = declared(UnicodeAttribute(), "claimed, sending, sent or refused", NOTICE)
    lease = declared(Moment(), "until when the sender that claimed it may take", NOTICE)
    expires = declared(TTLAttribute(), "ends the row", NOTICE)


class PrivacyRequest(dynamo.Row):
    """A request under GDPR, UK GDPR or CCPA that came by mail; the address goes when it is closed (P21)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("requests")

    request_id = declared(UnicodeAttribute(hash_key=True), "names the request", REQUEST)
    law = declared(UnicodeAttribute(), "gdpr, uk_gdpr or ccpa", REQUEST)
    kind = declared(UnicodeAttribute(), "what is asked for", REQUEST)
    address = declared(
        UnicodeAttribute(null=True),
        "where the answer goes",
        DataHandling("account", "until the request is closed, or erasure"),
    )
    person_id = declared(UnicodeAttribute(default=""), "names the account without personal data", REQUEST)
    received = declared(Moment(), "when the mail came; the days are counted from it", REQUEST)
    due = declared(Moment(), "by when it must be answered", REQUEST)
    confirmed = declared(Moment(default=0), "when its receipt was confirmed", REQUEST)
    extended = declared(Moment(default=0), "when the person was told that it takes longer", REQUEST)
    state = declared(UnicodeAttribute(), "open, done or refused", REQUEST)
    closed = declared(Moment(default=0), "when it was closed", REQUEST)
    certificate = declared(UnicodeAttribute(default=""), "names the certificate of an erasure", REQUEST)
    expires = declared(TTLAttribute(null=True), "ends the row", REQUEST)


class PrivacyProof(dynamo.Row):
    """The last result of verify_privacy: for /privacy and /status, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("privacy-proofs")

    name = declared(UnicodeAttribute(hash_key=True), "names the proof", PROOF)
    moment = declared(Moment(), "when it was made", PROOF)
    checks = declared(JSONAttribute(), "each check: held, broken or not looked at", PROOF)
