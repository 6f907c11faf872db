"""Privacy requests that came by mail (P21)."""

from collections.abc import Iterator

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

REQUEST = DataHandling("security", "24 months after it is closed", erased=False)


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


def find(request_id: str) -> PrivacyRequest | None:
    """The request of an id."""
    return PrivacyRequest.find(request_id)


def iter_all() -> Iterator[PrivacyRequest]:
    """Every request, in no order."""
    return PrivacyRequest.scan(consistent_read=True)


def of_person(person_id: str, address: str | None = None) -> Iterator[PrivacyRequest]:
    """The requests of an account, and with an `address` those that name it."""
    condition = PrivacyRequest.person_id == person_id
    if address is not None:
        condition |= PrivacyRequest.address == address
    return PrivacyRequest.scan(condition, consistent_read=True)


def remove_address(row: PrivacyRequest) -> bool:
    """Remove the address of a request, as part of an erasure; False where it has none."""
    if row.address is None:
        return False
    row.update(actions=[PrivacyRequest.address.remove()], condition=PrivacyRequest.is_present())
    return True
