"""How many mails go out: to an address and from a browser by the hour, and altogether by the minute; no IP, addresses
and browsers as daily digests.

What is throttled is the issuing of codes. A code that was mailed is never refused by anything here (A1).
"""

import math
from datetime import datetime

from django.conf import settings

from accounts.models import Throttle
from accounts.models import throttles as throttle_rows
from imgapis.base import clock, tokens

HOUR_SECONDS = 3_600
MINUTE_SECONDS = 60
MAILS_PER_ADDRESS = 5  # of each kind
LONGEST_QUEUE_MINUTES = 10
COUNTED_SECONDS = 600
# What is counted by the hour, each by itself, so that no kind of mail uses up another's: codes to sign in that are
# free and how often one was worked for; the free ones of a browser; codes to confirm and for a new address, and how
# many of the latter one person asks for; invitations to an address, those of one inviter, and those that go beyond by
# the reserve of a day; links of exports.
KINDS = (
    "login",
    "login worked",
    "browser",
    "confirm",
    "email",
    "email asked",
    "invite",
    "invite of person",
    "invite reserve",
    "export",
)
# How a code was come by → the part of each minute's share that such codes may take, as its divisor: what is left is
# for those who work, and for who is signed in.
PARTS = {"free": 2, "waited": 4, "worked": 1}


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
        row = throttle_rows.find(today_bucket)
        recent_moments = _recent(row)
        moments = sorted(
            recent_moments + [moment for bucket in earlier_buckets for moment in _recent(throttle_rows.find(bucket))]
        )
        if len(moments) >= limit:
            return moments[-limit] + HOUR_SECONDS
        if _add(today_bucket, row, [*recent_moments, clock.now()]):
            return None


def allow_today(kind: str, subject: str, limit: int) -> bool:
    """Count one of a kind for a subject; False past `limit` in a day of UTC."""
    return _count(_names(kind, subject)[0], limit)


def used(kind: str, subject: str) -> int:
    """How many of a kind an address or a browser had in the last hour."""
    return sum(len(_recent(throttle_rows.find(bucket))) for bucket in _names(kind, subject))


def reset_mail(email: str) -> None:
    """Forget the mails of the last hour to an address: support vouches for the person."""
    for kind in KINDS:
        for bucket in _names(kind, email):
            throttle_rows.delete(bucket)


def next_slot(part: str = "worked", before: float = math.inf, *, known: bool) -> float | None:
    """Seconds until the next mail may go out: 0 while the minute is below its limit, then the first minute that is, and
    None where ten minutes are full, or all that begin before a moment. So a flood over many addresses slows everybody
    and stops nobody; half of each minute is kept for addresses that have signed in before (`known`), so that a flood of
    new ones does not reach them, and within each half codes that cost no work take no more than their part (PARTS;
    H9)."""
    now, name = clock.now(), _share_name(known)
    this_minute = int(now // MINUTE_SECONDS)
    for minute in range(this_minute, this_minute + LONGEST_QUEUE_MINUTES):
        if minute * MINUTE_SECONDS >= before:
            break
        if PARTS[part] > 1 and not _count(f"{name} {part} {minute}", _share_of(part)):
            continue
        if _count(f"{name} {minute}", _share()):
            return max(0.0, minute * MINUTE_SECONDS - now)
    return None


def tide() -> int:
    """How high a flood of mails is, to new or to known addresses, so that it tells nothing of one (A4): 0 while this
    minute has seen less than half of what it may, then 1 and one more for each following minute that is full."""
    return max(_height(known) for known in (False, True))


def _height(known: bool) -> int:
    name, this_minute = _share_name(known), int(clock.now() // MINUTE_SECONDS)
    if 2 * _counted(f"{name} {this_minute}") < _share():
        return 0
    height = 1
    while height < LONGEST_QUEUE_MINUTES and _counted(f"{name} {this_minute + height}") >= _share():
        height += 1
    return height


def flood_end(part: str = "worked") -> float:
    """The beginning of the first minute that has room for mails of a part to new addresses and to known ones alike;
    now, where this one has."""
    this_minute = int(clock.now() // MINUTE_SECONDS)
    for minute in range(this_minute, this_minute + LONGEST_QUEUE_MINUTES):
        if all(_has_room(_share_name(known), part, minute) for known in (False, True)):
            return max(clock.now(), float(minute * MINUTE_SECONDS))
    return float((this_minute + LONGEST_QUEUE_MINUTES) * MINUTE_SECONDS)


def _has_room(name: str, part: str, minute: int) -> bool:
    is_part_free = PARTS[part] == 1 or _counted(f"{name} {part} {minute}") < _share_of(part)
    return is_part_free and _counted(f"{name} {minute}") < _share()


def _counted(name: str) -> int:
    row = throttle_rows.find(name)
    return int(row.count) if row else 0


def _share() -> int:
    return math.ceil(settings.MAILS_PER_HOUR / 60 / 2)


def _share_of(part: str) -> int:
    return math.ceil(_share() / PARTS[part])


def _share_name(known: bool) -> str:
    return "mails to known" if known else "mails to new"


def allow(bucket: str, limit: int) -> bool:
    """Count an act of a day under an opaque name; False beyond `limit`."""
    return _count(f"{bucket} {clock.day(clock.now())}", limit)


def allow_once(name: str) -> bool:
    """Whether something of a random name is used for the first time within a day."""
    return _count(name, 1)


def forget_once(name: str) -> None:
    """Let what `allow_once` counted be the first again."""
    throttle_rows.delete(name)


def count_wrong_code() -> None:
    """Count a wrong code that somebody typed, whoever it was."""
    _count_for_operator("wrong codes")


def wrong_codes() -> int:
    """How many wrong codes were typed in the last ten to twenty minutes, on all servers."""
    return _counted_for_operator("wrong codes")


def count_held_back() -> None:
    """Count a code that was not mailed at once, because a flood uses up the mails of the minute."""
    _count_for_operator("codes held back")


def codes_held_back() -> int:
    """How many codes a flood held back in the last ten to twenty minutes, on all servers."""
    return _counted_for_operator("codes held back")


def _count_for_operator(name: str) -> None:
    throttle_rows.count(_name_for_operator(name, 0), _after(HOUR_SECONDS))


def _counted_for_operator(name: str) -> int:
    return sum(_counted(_name_for_operator(name, ago)) for ago in (0, 1))


def _name_for_operator(name: str, ago: int) -> str:
    return f"{name} {int(clock.now() // COUNTED_SECONDS) - ago}"


def _names(kind: str, subject: str) -> list[str]:
    """The buckets of an address or a browser: of today and, in the first hour of a day, of yesterday. The digest's key
    changes with the day, so that two days of one address cannot be linked."""
    days = dict.fromkeys(clock.day(clock.now() - seconds) for seconds in (0, HOUR_SECONDS))
    key = settings.SECRET_KEY.encode()
    return [
        "mail " + tokens.keyed_digest(tokens.subkey(key, f"accounts.throttles {day}"), (kind, subject))[:40]
        for day in days
    ]


def _recent(row: Throttle | None) -> list[float]:
    """The moments of the last hour."""
    moments = (row.moments or []) if row else []
    return [moment for moment in moments if moment > clock.now() - HOUR_SECONDS]


def _add(name: str, row: Throttle | None, moments: list[float]) -> bool:
    """Write the moments; False where a concurrent request wrote first."""
    return throttle_rows.set_moments(name, row, moments, _after(2 * HOUR_SECONDS))


def _count(name: str, limit: int) -> bool:
    return throttle_rows.count_up_to(name, limit, _after(25 * HOUR_SECONDS))


def _after(seconds: int) -> datetime:
    return clock.utc(int(clock.now()) + seconds)
