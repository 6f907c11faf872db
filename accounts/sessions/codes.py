"""One-time codes by mail: eight digits, ten minutes, three tries, one use, bound to the browser session that asked.

A shared code is one of twelve digits that an address is mailed once in five minutes, and that counts in every browser
session that has worked or waited for it: each has three tries of its own, and the code is used once. So whoever asks
for codes to an address keeps its owner from none, and mails her few (H9).
"""

import hmac
import secrets
import unicodedata
from datetime import datetime
from typing import TypeGuard

from django.conf import settings
from pynamodb.expressions.condition import Condition

from accounts.models import Challenge, people
from accounts.models import codes as code_rows
from accounts.sessions import throttles
from accounts.sessions.admission import CodeLimit
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError
from imgapis.base.mail import mail, outbox

LIFE_SECONDS = 600
SKEW_SECONDS = 60  # how far the clocks of two servers may be apart
MAIL_SECONDS = 900  # how long the mail of a code is tried; then the person has asked for another
MOST_TRIES = 3
DIGITS = 8
SHARED_DIGITS = 12  # many browsers may guess at it, with three tries each
SHARED_SECONDS = 300  # how often an address is mailed a shared code
MOST_FORMER = 3  # challenges that a session had before, and whose codes still count
# What the ids of shared codes, and of the challenges of sessions that have one, begin with.
SHARED_PREFIX, SESSION_PREFIX = "shared ", "told "
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

    def __init__(self) -> None:
        super().__init__("That code is wrong or no longer valid. Ask for a new one.", param="code")


def send(email: str, purpose: str, replaced: str | None = None) -> str | None:
    """Mail a fresh code to a canonical address, which `admission` has admitted; returns the id of the challenge, to be
    stored in the session. The code of `replaced`, which the session had until now, is over then, and its mail is not
    sent any more.

    Where so many are mailed that this one was not, a challenge already in the session stays valid. Somebody who signs
    in gets None: the page is the same either way, so that it tells nothing of the address (A4). Who is signed in is
    told when the next can be mailed: raises CodeLimit.
    """
    part = "free" if purpose == "login" else "worked"
    challenge_id = secrets.token_urlsafe(24)
    if not _mail(email, purpose, challenge_id, part, replaced):
        throttles.count_held_back()
        if purpose == "login":
            return None
        raise CodeLimit(throttles.flood_end())
    return challenge_id


def send_shared(email: str, former: str | None, part: str) -> str:
    """Tell a browser session of the shared code to sign in with that a canonical address is mailed in these five
    minutes; the first of a code has it mailed, and the first who has worked has it mailed as early as for work. `part`
    is `worked` or `waited`. Returns the id of the session's challenge; `former`, which the session had until now, goes
    on to count beside it where it is of the same address.

    Where so many are mailed that this one was not, nothing looks different (A4), and who asks again tries again.
    """
    challenge_id, shared_id = SESSION_PREFIX + secrets.token_urlsafe(24), _shared_id(email)
    first_of_part = f"{shared_id} {part}"
    if throttles.allow_once(first_of_part) and not _mail_shared(email, shared_id, part):
        throttles.forget_once(first_of_part)
        throttles.count_held_back()
    former_row = code_rows.find(former) if former else None
    row = Challenge(
        challenge_id,
        email=email,
        purpose="login",
        digest="",
        shared_id=shared_id,
        tries=0,
        used=False,
        former_id=former if former_row and former_row.email == email else None,
        expires=_end(throttles.LONGEST_QUEUE_MINUTES * 60 + MAIL_SECONDS),
    )
    code_rows.add(row)
    return challenge_id


def _mail_shared(email: str, shared_id: str, part: str) -> bool:
    """Have a shared code mailed, once: where it waits to be mailed already, for work earlier. False where ten minutes
    are full."""
    for _ in dynamo.retries():
        row = code_rows.find(shared_id)
        if row is not None:
            if part == "worked":
                _bring_forward(row)
            return True
        try:
            return _mail(email, "login", shared_id, part)
        except dynamo.TransactionCanceled as error:
            outpaced = error  # by the first of the other part
    raise outpaced


def _bring_forward(row: Challenge) -> None:
    """Have the mail of a shared code leave in the first minute that has room for work, where it was to leave later. The
    place that it had is given to nobody, so that an hour has no more mails than before."""
    waiting = outbox.find(row.mail_id) if row.mail_id else None
    if waiting is None or waiting.first_due <= clock.now():
        return
    is_known = people.find_claim(row.email) is not None
    delay = throttles.next_slot("worked", before=waiting.first_due, known=is_known)
    if delay is not None and outbox.bring_forward(waiting, clock.now() + delay):
        mail.dispatch(waiting)


def is_shared(challenge_id: str | None) -> TypeGuard[str]:
    """Whether the challenge of a session is of a shared code."""
    return (challenge_id or "").startswith(SESSION_PREFIX)


def _shared_id(email: str) -> str:
    """The id of an address's shared code of these five minutes: the first that was not used. No session knows it."""
    key = tokens.subkey(settings.SECRET_KEY.encode(), "accounts.codes.shared")
    minutes = str(int(clock.now() // SHARED_SECONDS))
    turn = 0
    while True:
        shared_id = SHARED_PREFIX + tokens.keyed_digest(key, (email, minutes, str(turn)))
        row = code_rows.find(shared_id)
        if row is None or not row.used:
            return shared_id
        turn += 1


def _mail(email: str, purpose: str, challenge_id: str, part: str, replaced: str | None = None) -> bool:
    """Write a challenge with the mail of its code; False where ten minutes are full."""
    has_signed_in = people.find_claim(email) is not None  # asked for every address alike (A4)
    delay = throttles.next_slot(part, known=has_signed_in or purpose != "login")
    if delay is None:
        return False
    subject, aim = PURPOSES[purpose]
    row = Challenge(
        challenge_id,
        email=email,
        purpose=purpose,
        digest="",
        tries=0,
        used=False,
        expires=_end(delay + MAIL_SECONDS),
    )
    is_shared_code = challenge_id.startswith(SHARED_PREFIX)
    context = {"aim": aim, "minutes": LIFE_SECONDS // 60, "is_shared": is_shared_code}
    code_mail = outbox.new_mail(
        email,
        subject,
        "emails/code.txt",
        context,
        completion="code",
        reference=challenge_id,
        delay=delay,
        life=MAIL_SECONDS,
    )
    row.mail_id = code_mail.mail_id if is_shared_code else None
    with dynamo.transaction() as transaction:
        transaction.save(row, if_absent=True, name="challenge")
        transaction.save(code_mail, if_absent=True)
        if replaced:
            transaction.delete(Challenge(replaced))
    mail.dispatch(code_mail)
    return True


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
    digits = SHARED_DIGITS if challenge_id.startswith(SHARED_PREFIX) else DIGITS
    code = f"{number % 10**digits:0{digits}d}"
    digest = _digest(settings.SECRET_KEY, challenge_id, code)
    is_wanted = code_rows.set_code(challenge_id, digest, _end())
    return mail.Completion({"code": code}) if is_wanted else None


def verify(challenge_id: str | None, purpose: str, code: str) -> str:
    """The address a right code proves. Raises WrongCode. A try is counted before the code is compared (A1)."""
    code = _digits(code)
    for _ in range(MOST_FORMER + 1):
        if (email := _proved(challenge_id, purpose, code)) is not None:
            return email
        row = code_rows.find(challenge_id) if is_shared(challenge_id) else None
        if row is None or row.former_id is None:
            break
        challenge_id = row.former_id
    raise WrongCode


def _proved(challenge_id: str | None, purpose: str, code: str) -> str | None:
    """The address that a code proves by one challenge; None where it does not."""
    if not challenge_id or len(code) != (SHARED_DIGITS if is_shared(challenge_id) else DIGITS):
        return None
    row = Challenge(challenge_id)
    lives = Challenge.expires > _moment(0) if is_shared(challenge_id) else _lives()
    if not code_rows.count_try(row, purpose, MOST_TRIES, lives):
        return None
    mailed_id = row.shared_id or challenge_id
    mailed = code_rows.find(mailed_id) if row.shared_id else row
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    if not mailed or not any(hmac.compare_digest(mailed.digest, _digest(key, mailed_id, code)) for key in keys):
        throttles.count_wrong_code()
        return None
    is_first = code_rows.use(mailed, _lives())
    return row.email if is_first else None


def _lives() -> Condition:
    """That the code of a challenge is not over. A clock that was set back makes no old code young again (R11): none
    ends later than a new one would."""
    return (Challenge.expires > _moment(0)) & (Challenge.expires <= _moment(LIFE_SECONDS + SKEW_SECONDS))


def _digits(text: str) -> str:
    """The digits of a text in ASCII, whichever script they are of and whatever stands between them; empty where there
    is anything else."""
    typed = [sign for sign in text if unicodedata.category(sign) not in BETWEEN and sign != MINUS]
    digits = [unicodedata.decimal(sign, None) for sign in typed]
    return "" if None in digits else "".join(map(str, digits))


def _digest(server_key: str, challenge_id: str, code: str) -> str:
    key = tokens.subkey(server_key.encode(), "accounts.codes")
    return tokens.keyed_digest(key, (challenge_id, code))
