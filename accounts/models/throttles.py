"""The counts that slow the issuing of codes."""

from collections.abc import Iterator
from datetime import datetime

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.expressions.update import Action

from imgapis.base import dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Whole

COUNT = DataHandling("security", "25 hours", exported=False)


class Throttle(dynamo.Row):
    """How many mails an address was sent or a browser asked for in the last hour, or everybody in a minute, and how
    many codes were wrong; addresses and browsers only as digests whose key changes with the day."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("throttles")

    bucket = declared(UnicodeAttribute(hash_key=True), "counts mails to one address, or of one browser (A20)", COUNT)
    moments = declared(JSONAttribute(null=True), "when the last mails were asked for", COUNT)
    count = declared(Whole(default=0), "how many", COUNT)  # type: ignore[assignment]  # replaces Model.count
    expires = declared(TTLAttribute(), "ends the count", COUNT)


def find(bucket: str) -> Throttle | None:
    """A count, expired or not."""
    return Throttle.find(bucket)


def delete(bucket: str) -> None:
    """Forget a count; forgetting it twice is no error."""
    Throttle(bucket).delete()


def count(bucket: str, expires: datetime) -> None:
    """Count one more."""
    Throttle(bucket).update_if(Throttle.is_absent() | Throttle.is_present(), [Throttle.count.add(1)], expires=expires)


def count_up_to(bucket: str, limit: int, expires: datetime) -> bool:
    """Count one more; False, and nothing is counted, where there are `limit` already."""
    condition = Throttle.is_absent() | (Throttle.count < limit)
    return Throttle(bucket).update_if(condition, [Throttle.count.add(1)], expires=expires)


def set_moments(bucket: str, before: Throttle | None, moments: list[float], expires: datetime) -> bool:
    """Write the moments of a count; False where a concurrent request wrote first since it was `before`. `count` is the
    version of the row."""
    condition = Throttle.count == before.count if before else Throttle.is_absent()
    actions: list[Action] = [Throttle.moments.set(moments), Throttle.count.add(1), Throttle.expires.set(expires)]
    return Throttle(bucket).update_if(condition, actions)


def naming(owner: str) -> Iterator[Throttle]:
    """The counts whose names hold an id."""
    return Throttle.scan(Throttle.bucket.contains(owner), consistent_read=True)
