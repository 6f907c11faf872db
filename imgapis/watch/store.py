"""Reads and writes of alerts; a mail is claimed by a condition, so that two workers send one."""

from imgapis.base import clock
from imgapis.rows.watch import Alert

STANDS_SECONDS = 120.0
KEPT_SECONDS = 30 * clock.DAY


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
    actions = [getattr(Alert, attribute).set(value) for attribute, value in values.items()]
    # The only update that may create a row: it belongs to no customer, so no erasure deletes it.
    Alert(name, host).update(actions=[*actions, Alert.mailed.set(Alert.mailed | 0)])


def claim_mail(name: str, host: str, now: float, pause: float) -> bool:
    """Claim the mail of an alert; whether this worker may send it: once in `pause` seconds."""
    return Alert(name, host).update_if(Alert.mailed <= now - pause, mailed=now)


def active(names: tuple[str, ...], now: float) -> list[Alert]:
    """The active alerts, by name and host; one not seen for STANDS_SECONDS has ended."""
    alerts = [row for name in names for row in Alert.query(name, consistent_read=True)]
    return [row for row in alerts if row.seen > now - STANDS_SECONDS]
