"""The tables of the policy: announced versions, notices to people, privacy requests, and the last proof."""

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept
from imgapis.base.measures import Moment

ABOUT_NOBODY = {"category": "none", "retention": "as long as the policy", "exported": False, "erased": False}
TOLD = {"category": "account", "retention": "90 days, or until erasure"}
REQUEST = {"category": "security", "retention": "24 months after it is closed", "erased": False}
PROOF = {"category": "none", "retention": "until the next one", "exported": False, "erased": False}


class Announcement(dynamo.Row):
    """A policy version that people are told of: when it takes effect, and whether everybody has been told (P23)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("announcements")

    version = kept(UnicodeAttribute(hash_key=True), "names the version", **ABOUT_NOBODY)
    effective = kept(UnicodeAttribute(), "the day it takes effect; moves later when a mail is late", **ABOUT_NOBODY)
    begun = kept(Moment(), "accounts older than this are told", **ABOUT_NOBODY)
    completed = kept(Moment(default=0), "when everybody had been told", **ABOUT_NOBODY)


class Notice(dynamo.Row):
    """That a person is told of a policy version, once (P23)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("notices")

    version = kept(UnicodeAttribute(hash_key=True), "which version", **TOLD)
    person_id = kept(UnicodeAttribute(range_key=True), "who is told", **TOLD)
    mail_id = kept(UnicodeAttribute(), "names the mail, so that it is found in the post's own records", **TOLD)
    state = kept(UnicodeAttribute(), "claimed, sending, sent or refused", **TOLD)
    lease = kept(Moment(), "until when the sender that claimed it may take", **TOLD)
    expires = kept(TTLAttribute(), "ends the row", **TOLD)


class PrivacyRequest(dynamo.Row):
    """A request under GDPR, UK GDPR or CCPA that came by mail; the address goes when it is closed (P21)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("requests")

    request_id = kept(UnicodeAttribute(hash_key=True), "names the request", **REQUEST)
    law = kept(UnicodeAttribute(), "gdpr, uk_gdpr or ccpa", **REQUEST)
    kind = kept(UnicodeAttribute(), "what is asked for", **REQUEST)
    address = kept(
        UnicodeAttribute(null=True), "where the answer goes", category="account",
        retention="until the request is closed, or erasure",
    )  # fmt: skip
    person_id = kept(UnicodeAttribute(default=""), "names the account without personal data", **REQUEST)
    received = kept(Moment(), "when the mail came; the days are counted from it", **REQUEST)
    due = kept(Moment(), "by when it must be answered", **REQUEST)
    confirmed = kept(Moment(default=0), "when its receipt was confirmed", **REQUEST)
    extended = kept(Moment(default=0), "when the person was told that it takes longer", **REQUEST)
    state = kept(UnicodeAttribute(), "open, done or refused", **REQUEST)
    closed = kept(Moment(default=0), "when it was closed", **REQUEST)
    certificate = kept(UnicodeAttribute(default=""), "names the certificate of an erasure", **REQUEST)
    expires = kept(TTLAttribute(null=True), "ends the row", **REQUEST)


class PrivacyProof(dynamo.Row):
    """The last result of verify_privacy: for /privacy and /status, about nobody."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("privacy-proofs")

    name = kept(UnicodeAttribute(hash_key=True), "names the proof", **PROOF)
    moment = kept(Moment(), "when it was made", **PROOF)
    checks = kept(JSONAttribute(), "each check: held, broken or not looked at", **PROOF)
