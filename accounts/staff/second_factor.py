"""The second factor of staff: time-based codes (RFC 6238) and recovery codes, each good once, and a lock (A16)."""

import re

from django.conf import settings
from django_otp.oath import TOTP

from accounts.models import Staff
from accounts.models import staff as staff_rows
from accounts.staff import staff
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError

STEP_SECONDS = 30
TOLERANCE = 1  # steps a clock may be off, either way
MOST_TRIES = 20
LOCK_SECONDS = 3_600
RECOVERY_CODES = 10
LIFE_SECONDS = 8 * 3_600
DIGITS = re.compile(r"[0-9]{6}\Z")
RECOVERY = re.compile(r"[a-z2-7]{16}\Z")
SESSION_KEY = "second_factor"


class WrongFactor(ApiError):
    """One answer for a wrong, old or used code of either kind."""

    code = "wrong_second_factor"

    def __init__(self) -> None:
        super().__init__("That code is wrong, old or was used already. Wait for the next one.", param="code")


class Locked(ApiError):
    """Too many wrong codes: no code is looked at for a while."""

    status = 429
    code = "second_factor_locked"

    def __init__(self, seconds: float):
        message = f"Too many wrong codes. Try again in {max(1, round(seconds / 60))} minutes."
        super().__init__(message, param="code", retry_after=max(1, int(seconds)))


class EnrolmentExpired(ApiError):
    """The day in which the second factor could be set up is over, or it was set up already."""

    status = 409
    code = "enrolment_over"

    def __init__(self) -> None:
        super().__init__(
            "The second factor can no longer be set up here. An operator resets it: manage.py staff reset."
        )


def enrol(row: Staff, code: str) -> list[str]:
    """Set up the second factor with its first code; returns the recovery codes, shown this once. Raises WrongFactor,
    Locked, EnrolmentExpired. Two at once are one enrolment."""
    _count_try(row)
    step = _step(row, code)
    if step is None:
        raise WrongFactor
    codes = [_fresh_code() for _ in range(RECOVERY_CODES)]
    digests = {_digest(settings.SECRET_KEY, row.person_id, code) for code in codes}
    if not staff_rows.enrol(row, step, digests, clock.now()):
        raise EnrolmentExpired
    staff.tell_of_second_factor(row.person_id, "was set up just now")
    return [f"{code[:4]} {code[4:8]} {code[8:12]} {code[12:]}" for code in codes]


def verify(row: Staff, code: str) -> None:
    """Check a code of either kind and use it up. Raises WrongFactor, Locked. A try is counted before the code is
    compared, and of two of one code at the same time the store lets one pass."""
    code = re.sub(r"[\s-]", "", code).lower()
    if not (DIGITS.match(code) or RECOVERY.match(code)):
        raise WrongFactor
    _count_try(row)
    is_valid = _use_step(row, code) if DIGITS.match(code) else _use_recovery(row, code)
    if not is_valid:
        raise WrongFactor


def is_verified(row: Staff, session_proof: dict | None) -> bool:
    """Whether the proof stored in a session is unexpired and of this very factor."""
    if not row.enrolled or not session_proof:
        return False
    return session_proof.get("device") == row.device_id and session_proof.get("until", 0) > clock.now()


def session_proof(row: Staff) -> dict:
    """The proof that a session stores after a right code: the device id, and until when in seconds since 1970."""
    return {"device": row.device_id, "until": clock.now() + LIFE_SECONDS}


def otpauth(row: Staff) -> str:
    """The address an authenticator app reads from the QR code."""
    label = f"img%20apis:{row.role}"
    return f"otpauth://totp/{label}?secret={staff.base32_secret(row)}&issuer=img%20apis&digits=6&period={STEP_SECONDS}"


def _step(row: Staff, code: str) -> int | None:
    """The time step a code is of; None where it is none that is still good."""
    totp = TOTP(staff.secret(row), STEP_SECONDS)
    totp.time = clock.now()
    code = re.sub(r"\s", "", code)
    if not DIGITS.match(code) or not totp.verify(int(code), TOLERANCE, int(row.last_t) + 1):
        return None
    return totp.t()


def _use_step(row: Staff, code: str) -> bool:
    """Whether a time-based code is right and nobody has used it: the step only ever grows, by condition."""
    step = _step(row, code)
    return step is not None and staff_rows.use_step(row, step)


def _use_recovery(row: Staff, code: str) -> bool:
    """Whether a recovery code is one of those left; it is taken out in the same write."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(staff_rows.use_recovery(row, _digest(key, row.person_id, code)) for key in keys)


def _count_try(row: Staff) -> None:
    """Count a try by condition; the one beyond MOST_TRIES locks for an hour. Raises Locked."""
    now = clock.now()
    if staff_rows.count_try(row, MOST_TRIES, now):
        return
    staff_rows.lock(row, MOST_TRIES, now, now + LOCK_SECONDS)
    current_row = staff.member(row.person_id)
    raise Locked(current_row.locked_until - now if current_row else LOCK_SECONDS)


def _fresh_code() -> str:
    return tokens.random_id("r")[2:18]


def _digest(server_key: str, person_id: str, code: str) -> str:
    return tokens.keyed_digest(tokens.subkey(server_key.encode(), "accounts.second_factor"), (person_id, code))
