"""How many mails go out: to an address and from a browser by the hour, and altogether by the minute; no IP, addresses
and browsers as daily digests.

What is throttled is the issuing of codes. A code that was mailed is never refused by anything here (A1).
"""

import math
from datetime import datetime

from django.conf import settings

from accounts.rows.codes import Throttle
from imgapis.base import clock, tokens

HOUR_SECONDS = 3_600
MINUTE_SECONDS = 60
MAILS_PER_ADDRESS = 5  # of each kind
LONGEST_QUEUE_MINUTES = 10
WRONG_CODES_SECONDS = 600
# What is counted by the hour, each by itself, so that no kind of mail uses up another's: codes to sign in that are
# free, worked for and waited for; the free ones of a browser; codes to confirm and for a new address, and how many of
# the latter one person asks for; invitations; links of exports.
KINDS = ("login", "login worked", "login waited", "browser", "confirm", "email", "email asked", "invite", "export")


def allow_mail(email: str, kind: str) -> bool:
    """Count a mail of a kind to an address; False past five in any hour. Of many at once exactly five are allowed
    (A20)."""
    return free_at(kind, email, MAILS_PER_ADDRESS) is None


def free_at(kind: str, subject: str, limit: int) -> float | None:
    """Count one of a kind for an address or a browser and return None; past `limit` in any hour nothing is counted, and
    the moment when the next may be is returned."""
    if kind not in KINDS:
        raise ValueError(f"{kind} is not on the list of kinds.")
    today_bucket, *earlier_buckets = _names(kind, subject)
    while True:
        row = _row(today_bucket)
        recent_moments = _recent(row)
        moments = sorted(recent_moments + [moment for bucket in earlier_buckets for moment in _recent(_row(bucket))])
        if len(moments) >= limit:
            return moments[-limit] + HOUR_SECONDS
        if _add(today_bucket, row, [*recent_moments, clock.now()]):
            return None


def next_at(kind: str, subject: str, limit: int) -> float:
    """When the next of a kind may be; now, where it may be already."""
    moments = sorted(moment for bucket in _names(kind, subject) for moment in _recent(_row(bucket)))
    return moments[-limit] + HOUR_SECONDS if len(moments) >= limit else clock.now()


def used(kind: str, subject: str) -> int:
    """How many of a kind an address or a browser had in the last hour."""
    return sum(len(_recent(_row(bucket))) for bucket in _names(kind, subject))


def reset_mail(email: str) -> None:
    """Forget the mails of the last hour to an address: support vouches for the person."""
    for kind in KINDS:
        for bucket in _names(kind, email):
            Throttle(bucket).delete()


def next_slot(known: bool) -> float | None:
    """Seconds until the next mail may go out: 0 while the minute is below its limit, then the first minute that is, and
    None where ten minutes are full. So a flood over many addresses slows everybody and stops nobody; half of each
    minute is kept for addresses that have signed in before (`known`), so that a flood of new ones does not reach
    them (H9)."""
    now, name = clock.now(), _share_name(known)
    this_minute = int(now // MINUTE_SECONDS)
    for minutes in range(LONGEST_QUEUE_MINUTES):
        if _count(f"{name} {this_minute + minutes}", _share()):
            return max(0.0, (this_minute + minutes) * MINUTE_SECONDS - now)
    return None


def tide() -> int:
    """How high a flood of mails to new addresses is: 0 while this minute has seen less than half of what it may, then
    1 and one more for each following minute that is full already."""
    name, this_minute = _share_name(False), int(clock.now() // MINUTE_SECONDS)
    if 2 * _counted(f"{name} {this_minute}") < _share():
        return 0
    height = 1
    while height < LONGEST_QUEUE_MINUTES and _counted(f"{name} {this_minute + height}") >= _share():
        height += 1
    return height


def _counted(name: str) -> int:
    row = _row(name)
    return int(row.count) if row else 0


def _share() -> int:
    return math.ceil(settings.MAILS_PER_HOUR / 60 / 2)


def _share_name(known: bool) -> str:
    return "mails to known" if known else "mails to new"


def allow(bucket: str, limit: int) -> bool:
    """Count an act of a day under an opaque name; False beyond `limit`."""
    return _count(f"{bucket} {clock.day(clock.now())}", limit)


def allow_once(name: str) -> bool:
    """Whether something of a random name is used for the first time within a day."""
    return _count(name, 1)


def count_wrong_code() -> None:
    """Count a wrong code that somebody typed, whoever it was."""
    row = Throttle(_wrong_codes_name(0))
    row.update_if(Throttle.is_absent() | Throttle.is_present(), [Throttle.count.add(1)], expires=_after(HOUR_SECONDS))


def wrong_codes() -> int:
    """How many wrong codes were typed in the last ten to twenty minutes, on all servers."""
    return sum(_counted(_wrong_codes_name(ago)) for ago in (0, 1))


def _wrong_codes_name(ago: int) -> str:
    return f"wrong codes {int(clock.now() // WRONG_CODES_SECONDS) - ago}"


def _names(kind: str, subject: str) -> list[str]:
    """The buckets of an address or a browser: of today and, in the first hour of a day, of yesterday. The digest's key
    changes with the day, so that two days of one address cannot be linked."""
    days = dict.fromkeys(clock.day(clock.now() - seconds) for seconds in (0, HOUR_SECONDS))
    key = settings.SECRET_KEY.encode()
    return [
        "mail " + tokens.keyed_digest(tokens.subkey(key, f"accounts.throttles {day}"), (kind, subject))[:40]
        for day in days
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
