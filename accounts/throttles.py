"""How many codes and invites go out: per address and altogether, by the hour; addresses as digests keyed by the day."""

from datetime import UTC, datetime

from django.conf import settings
from pynamodb.exceptions import UpdateError

from accounts.rows.codes import Throttle
from imgapis.base import clock, dynamo, tokens

HOUR_SECONDS = 3_600
MAILS_PER_ADDRESS = 5


def allow_mail(email: str) -> bool:
    """Count a mail to an address; False past five an hour to it, or past the hour's total for everybody. Issuing slows
    down; a right code is never refused by this."""
    day, hour = _names(clock.now())
    key = tokens.subkey(settings.SECRET_KEY.encode(), f"accounts.throttles {day}")
    mine = tokens.keyed_digest(key, (email, hour))[:40]
    return _count(f"mail {mine}", MAILS_PER_ADDRESS) and _count(f"mails {hour}", settings.MAILS_PER_HOUR)


def allow(bucket: str, most: int) -> bool:
    """Count an act of a day under an opaque name; False past `most`."""
    return _count(f"{bucket} {_names(clock.now())[0]}", most)


def _names(moment: float) -> tuple[str, str]:
    now = datetime.fromtimestamp(moment, UTC)
    return now.strftime("%Y-%m-%d"), now.strftime("%Y-%m-%dT%H")


def _count(bucket: str, most: int) -> bool:
    ends = datetime.fromtimestamp(int(clock.now()) + 25 * HOUR_SECONDS, UTC)
    room = Throttle.bucket.does_not_exist() | (Throttle.count < most)
    try:
        Throttle(bucket).update(actions=[Throttle.count.add(1), Throttle.expires.set(ends)], condition=room)
    except UpdateError as error:
        if dynamo.lost_race(error):
            return False
        raise
    return True
