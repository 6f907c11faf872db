"""How many mails go out: to one address by the hour, and altogether by the minute; no IP, addresses as daily digests.

What is throttled is the issuing of codes. A code that was mailed is never refused by anything here (A1).
"""

import math
from datetime import datetime

from django.conf import settings

from accounts.rows.codes import Throttle
from imgapis.base import clock, tokens

HOUR_SECONDS = 3_600
MINUTE_SECONDS = 60
MAILS_PER_ADDRESS = 5
LONGEST_QUEUE_MINUTES = 10


def allow_mail(email: str) -> bool:
    """Count a mail to an address; False past five in any hour. Of many at once exactly five are allowed (A20)."""
    today_bucket, *earlier_buckets = _names(email)
    while True:
        row = _row(today_bucket)
        recent_moments = _recent(row)
        if len(recent_moments) + sum(len(_recent(_row(bucket))) for bucket in earlier_buckets) >= MAILS_PER_ADDRESS:
            return False
        if _add(today_bucket, row, [*recent_moments, clock.now()]):
            return True


def reset_mail(email: str) -> None:
    """Forget the mails of the last hour to an address: support vouches for the person."""
    for bucket in _names(email):
        Throttle(bucket).delete()


def next_slot() -> float | None:
    """Seconds until the next mail may go out: 0 while the minute is below its limit, then the first minute that is, and
    None where ten minutes are full. So a flood over many addresses slows everybody and stops nobody."""
    now, limit = clock.now(), math.ceil(settings.MAILS_PER_HOUR / 60)
    this_minute = int(now // MINUTE_SECONDS)
    for minutes in range(LONGEST_QUEUE_MINUTES):
        if _count(f"mails {this_minute + minutes}", limit):
            return max(0.0, (this_minute + minutes) * MINUTE_SECONDS - now)
    return None


def allow(bucket: str, limit: int) -> bool:
    """Count an act of a day under an opaque name; False beyond `limit`."""
    return _count(f"{bucket} {clock.day(clock.now())}", limit)


def _names(email: str) -> list[str]:
    """The buckets of an address: of today and, in the first hour of a day, of yesterday. The digest's key changes with
    the day, so that two days of one address cannot be linked."""
    days = dict.fromkeys(clock.day(clock.now() - seconds) for seconds in (0, HOUR_SECONDS))
    key = settings.SECRET_KEY.encode()
    return [
        "mail " + tokens.keyed_digest(tokens.subkey(key, f"accounts.throttles {day}"), (email,))[:40] for day in days
    ]


def _row(name: str) -> Throttle | None:
    return Throttle.find(name)


def _recent(row: Throttle | None) -> list[float]:
    """The moments of the last hour."""
    moments = (row.moments or []) if row else []
    return [moment for moment in moments if moment > clock.now() - HOUR_SECONDS]


def _add(name: str, row: Throttle | None, moments: list[float]) -> bool:
    """Write the moments; False where a concurrent request wrote first. `count` is the version of the row."""
    condition = Throttle.count == row.count if row else Throttle.is_absent()
    actions = [Throttle.moments.set(moments), Throttle.count.add(1), Throttle.expires.set(_after(2 * HOUR_SECONDS))]
    return Throttle(name).update_if(condition, actions)


def _count(name: str, limit: int) -> bool:
    condition = Throttle.is_absent() | (Throttle.count < limit)
    return Throttle(name).update_if(condition, [Throttle.count.add(1)], expires=_after(25 * HOUR_SECONDS))


def _after(seconds: int) -> datetime:
    return clock.utc(int(clock.now()) + seconds)
