"""What is wrong with the service; a mail is claimed by a condition, so that two workers send one."""

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from imgapis.base import clock, dynamo
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ALERT = DataHandling("none", "30 days after it last stood", exported=False)
STANDS_SECONDS = 120.0
KEPT_SECONDS = 30 * clock.DAY


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


def record(name: str, host: str, sentence: str, now: float) -> None:
    """Record an alert: its `since` is `now`, unless it was seen within STANDS_SECONDS before."""
    existing = Alert.find(name, host)
    since = existing.since if existing and existing.seen > now - STANDS_SECONDS else now
    values = {
        "sentence": sentence,
        "since": since,
        "seen": now,
        "expires": clock.utc(now + KEPT_SECONDS),
    }
    actions = Alert.assignments(values)
    # The only update that may create a row: it belongs to no customer, so no erasure deletes it.
    Alert(name, host).update(actions=[*actions, Alert.mailed.set(Alert.mailed | 0)])


def claim_mail(name: str, host: str, now: float, pause: float) -> bool:
    """Claim the mail of an alert; whether this worker may send it: once in `pause` seconds."""
    return Alert(name, host).update_if(Alert.mailed <= now - pause, mailed=now)


def active(names: tuple[str, ...], now: float) -> list[Alert]:
    """The active alerts, by name and host; one not seen for STANDS_SECONDS has ended."""
    alerts = [row for name in names for row in Alert.query(name, consistent_read=True)]
    return [row for row in alerts if row.seen > now - STANDS_SECONDS]
