"""How long a response may be reused by a shared cache, as its own headers say (RFC 9111, 4.2 and 5.2.2)."""

import re
from urllib.request import parse_http_list

from django.utils.http import parse_http_date
from urllib3 import HTTPHeaderDict

LONGEST = 2**31  # what a larger number of seconds counts as (RFC 9111, 1.2.2)
SECONDS = re.compile(r"[0-9]+")
UNUSABLE = ("no-store", "no-cache", "private")


def fresh_seconds(headers: HTTPHeaderDict, now: float) -> int | None:
    """The seconds from `now` (since 1970) for which a response is fresh; 0 where it must not be reused unasked, and
    where what it says cannot be read; None where it says nothing. Of a directive that is repeated the shortest counts.
    """
    lifetime = _lifetime(headers, now)
    return None if lifetime is None else max(0, lifetime - _age(headers))


def _lifetime(headers: HTTPHeaderDict, now: float) -> int | None:
    """The seconds for which a response is fresh from when its origin sent it."""
    limits: dict[str, list[int]] = {"s-maxage": [], "max-age": []}
    for directive in parse_http_list(", ".join(headers.getlist("cache-control"))):
        name, _, value = (text.strip() for text in directive.partition("="))
        name, value = name.lower(), value.strip('"').strip()
        # no-cache and private with names of fields are of those fields alone, none of which is passed on.
        if name in UNUSABLE and (name == "no-store" or not value):
            return 0
        if name in limits:
            limits[name].append(_seconds(value))
    stated = limits["s-maxage"] or limits["max-age"]
    return min(stated) if stated else _until_expires(headers, now)


def _until_expires(headers: HTTPHeaderDict, now: float) -> int | None:
    """The seconds from Date (or `now`) until Expires; None without Expires."""
    dates = set(headers.getlist("expires"))
    if not dates:
        return None
    moments = [_moment(text) for text in dates]
    sent = _moment(headers.get("date", ""))
    lifetimes = [0 if moment is None else int(moment - (now if sent is None else sent)) for moment in moments]
    return min(LONGEST, max(0, min(lifetimes)))


def _age(headers: HTTPHeaderDict) -> int:
    """The seconds that a response spent in caches before it came here; 0 where that is not said, or not readably."""
    text = headers.get("age", "").partition(",")[0].strip()
    return _seconds(text)


def _seconds(text: str) -> int:
    """A number of seconds; 0 for what is none."""
    if not SECONDS.fullmatch(text):
        return 0
    digits = text.lstrip("0")
    return min(LONGEST, int(digits or "0")) if len(digits) <= 10 else LONGEST


def _moment(text: str) -> int | None:
    """An HTTP date in seconds since 1970; None for what is none, such as `0`."""
    try:
        return parse_http_date(text)
    except ValueError:
        return None
