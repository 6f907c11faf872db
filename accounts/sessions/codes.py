"""One-time codes by mail: eight digits, ten minutes, three tries, one use, bound to the browser session that asked."""

import hmac
import secrets
import unicodedata
from datetime import datetime

from django.conf import settings

from accounts.models import EmailClaim
from accounts.rows.codes import Challenge
from accounts.sessions import throttles
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail, outbox

LIFE_SECONDS = 600
SKEW_SECONDS = 60  # how far the clocks of two servers may be apart
MAIL_SECONDS = 900  # how long the mail of a code is tried; then the person has asked for another
MOST_TRIES = 3
DIGITS = 8
# Unicode's categories of what people type or paste beside digits: spaces, line ends, invisible signs, dashes.
BETWEEN = {"Zs", "Zl", "Zp", "Cc", "Cf", "Pd"}
MINUS = "\N{MINUS SIGN}"
# purpose → (the subject of the mail, what the code is for)
PURPOSES = {
    "login": ("Your code to sign in", "sign in to img apis"),
    "confirm": ("Your code to confirm", "confirm that it is you"),
    "email": ("Your code for the new address", "make this the address of your account"),
}


class WrongCode(ApiError):
    """One answer for a wrong, old, used, foreign or too often guessed code."""

    code = "wrong_code"

    def __init__(self):
        super().__init__("That code is wrong or no longer valid. Ask for a new one.", param="code")


def send(email: str, purpose: str, replaced: str | None = None) -> str | None:
    """Mail a fresh code to a canonical address, which `admission` has admitted; returns the id of the challenge, to be
    stored in the session.

    None where so many are mailed that this one was not (A1): the page is the same either way, and a challenge already
    in the session stays valid. Otherwise the code of `replaced`, which the session had until now, is over, and its mail
    is not sent any more.
    """
    has_signed_in = EmailClaim.find(email) is not None  # asked for every address alike (A4)
    delay = throttles.next_slot(known=has_signed_in or purpose != "login")
    if delay is None:
        return None
    challenge_id, (subject, aim) = secrets.token_urlsafe(24), PURPOSES[purpose]
    row = Challenge(
        challenge_id, email=email, purpose=purpose, digest="", tries=0, used=False,
        expires=_end(delay + MAIL_SECONDS),
    )  # fmt: skip
    code_mail = outbox.new_mail(
        email, subject, "emails/code.txt", {"aim": aim, "minutes": LIFE_SECONDS // 60}, completion="code",
        reference=challenge_id, delay=delay, life=MAIL_SECONDS,
    )  # fmt: skip
    with dynamo.transaction() as transaction:
        transaction.save(row, if_absent=True)
        transaction.save(code_mail, if_absent=True)
        if replaced:
            transaction.delete(Challenge(replaced))
    mail.dispatch(code_mail)
    return challenge_id


def _end(delay: float = 0) -> datetime:
    return clock.utc(int(clock.now() + delay) + LIFE_SECONDS)


def _moment(seconds: float) -> datetime:
    """A time `seconds` from now, in UTC."""
    return clock.utc(clock.now() + seconds)


@mail.completes("code")
def _make_code(challenge_id: str) -> mail.Completion | None:
    """Make the code when its mail leaves, so that none is at rest; its ten minutes count from then, however late (D3).
    It is derived, so that a mail that went out twice has one code. None where a newer code of the session has replaced
    this one, so that its mail is not sent at all."""
    key = tokens.subkey(settings.SECRET_KEY.encode(), "accounts.codes.made")
    number = int(tokens.keyed_digest(key, (challenge_id,)), 16)
    code = f"{number % 10**DIGITS:0{DIGITS}d}"
    digest = _digest(settings.SECRET_KEY, challenge_id, code)
    is_wanted = Challenge(challenge_id).update_if(Challenge.used == False, digest=digest, expires=_end())  # noqa: E712
    return mail.Completion({"code": code}) if is_wanted else None


def verify(challenge_id: str | None, purpose: str, code: str) -> str:
    """The address a right code proves. Raises WrongCode. A try is counted before the code is compared (A1)."""
    code = _digits(code)
    if not challenge_id or len(code) != DIGITS:
        raise WrongCode
    row = Challenge(challenge_id)
    condition = (
        (Challenge.tries < MOST_TRIES)
        & (Challenge.used == False)  # noqa: E712 - a condition expression, not a comparison
        & (Challenge.purpose == purpose)
        & (Challenge.expires > _moment(0))
        # A clock that was set back makes no old code young again (R11): none ends later than a new one would.
        & (Challenge.expires <= _moment(LIFE_SECONDS + SKEW_SECONDS))
    )
    if not row.update_if(condition, [Challenge.tries.add(1)]):
        raise WrongCode
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not any(hmac.compare_digest(row.digest, _digest(key, challenge_id, code)) for key in keys):
        throttles.count_wrong_code()
        raise WrongCode
    if not row.update_if(Challenge.used == False, used=True):  # noqa: E712
        raise WrongCode
    return row.email


def _digits(text: str) -> str:
    """The digits of a text in ASCII, whichever script they are of and whatever stands between them; empty where there
    is anything else."""
    typed = [sign for sign in text if unicodedata.category(sign) not in BETWEEN and sign != MINUS]
    digits = [unicodedata.decimal(sign, None) for sign in typed]
    return "" if None in digits else "".join(map(str, digits))


def _digest(server_key: str, challenge_id: str, code: str) -> str:
    key = tokens.subkey(server_key.encode(), "accounts.codes")
    return tokens.keyed_digest(key, (challenge_id, code))
