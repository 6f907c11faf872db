"""Proof of work by ALTCHA: what a browser calculates, or waits for, before one more code is mailed (H9).

A challenge and a ticket hold for one address in one browser, and are used once. No third party is asked: the challenge
is ours, signed, and solved by our own script.
"""

import base64
import json

from altcha import create_challenge, verify_solution
from django.conf import settings
from django.core import signing

from accounts.sessions import throttles
from imgapis.base import clock, tokens

MOST_LEVEL = 7
LEAST_ITERATIONS = 2_000
LIFE_SECONDS = 1_800
WAIT_SECONDS = 120
LONGEST = 4_096  # characters of a solution
ALGORITHM = "PBKDF2/SHA-256"
SALT = "accounts.sessions.work"


def challenge(level: int, email: str, browser: str) -> str:
    """A challenge as JSON for the page. Level 0 takes a browser a fraction of a second, each level twice as long as the
    one below, level 7 half a minute; the server checks any of them in some ten milliseconds."""
    zeros, doublings = divmod(min(level, MOST_LEVEL), 4)
    data = {"level": min(level, MOST_LEVEL), "ends": int(clock.now()) + LIFE_SECONDS}
    made = create_challenge(
        ALGORITHM,
        LEAST_ITERATIONS << doublings,
        key_prefix="0" * (2 + zeros),
        data=data,
        hmac_secret=_secrets(email, browser)[0],
    )
    return json.dumps(made.to_dict())


def solved_level(solution: str, email: str, browser: str) -> int | None:
    """The level of a solved challenge, used up by this; None where it is none, or was used."""
    if not solution or len(solution) > LONGEST:
        return None
    if not any(verify_solution(solution, secret).verified for secret in _secrets(email, browser)):
        return None
    parameters = json.loads(base64.b64decode(solution))["challenge"]["parameters"]
    data = parameters["data"]
    is_new = data["ends"] > clock.now() and throttles.allow_once(f"work {parameters['nonce']}")
    return data["level"] if is_new else None


def ticket(email: str, browser: str) -> str:
    """A signed note of who begins to wait now, for browsers without JavaScript."""
    return signing.dumps({"for": _digest(email, browser), "at": clock.now(), "id": tokens.random_id("w")}, salt=SALT)


def waited_until(text: str, email: str, browser: str) -> float | None:
    """When the wait of a ticket is over; None where it is no ticket of this browser for this address, or an old one."""
    try:
        held = signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None
    is_ours = held["for"] == _digest(email, browser) and held["at"] > clock.now() - LIFE_SECONDS
    return held["at"] + WAIT_SECONDS if is_ours else None


def use_ticket(text: str) -> bool:
    """Use a ticket up; False where it was."""
    return throttles.allow_once(f"waited {signing.loads(text, salt=SALT)['id']}")


def _digest(email: str, browser: str) -> str:
    return _secrets(email, browser)[0][:40]


def _secrets(email: str, browser: str) -> list[str]:
    """The keys that sign challenges for an address in a browser; SECRET_KEY_FALLBACKS still count."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [tokens.keyed_digest(tokens.subkey(key.encode(), "accounts.work"), (email, browser)) for key in keys]
