"""Whether a code is mailed now (H9): some freely, more for work or for waiting, so that nobody who asks for codes to
somebody else's address, or to many, keeps anybody from signing in.

Who has worked or waited is never refused: the codes beyond the free ones are an address's, not a browser's
(`codes.send_shared`). No right code is ever refused by it, and a refusal says when it ends.
"""

import math
from dataclasses import dataclass

from accounts.sessions import throttles, work
from imgapis.base import clock
from imgapis.base.errors import ApiError

# In any hour: a browser asks for so many freely, whatever the addresses; an address is mailed so many freely, then for
# work that doubles with each who has worked, up to the most, or for waiting.
FREE_OF_BROWSER = 3
FREE = throttles.MAILS_PER_ADDRESS
WORKED = work.MOST_LEVEL


def time_of_day(moment: float) -> str:
    """The minute by which a moment is past, in UTC, such as 14:05."""
    return clock.stamp(moment + 59)[11:16]


class CodeLimit(ApiError):
    """No code is mailed before a certain time."""

    status = 429
    code = "code_limit"

    def __init__(self, until: float):
        seconds = max(1, math.ceil(until - clock.now()))
        minutes = math.ceil(seconds / 60)
        super().__init__(
            f"So many codes were asked for within the hour that the next can be mailed at {time_of_day(until)}"
            f" UTC, in {minutes} minute{'s' if minutes > 1 else ''}. A code that is in your mail already still works,"
            " in the browser that asked for it.",
            retry_after=seconds,
        )


class WorkRequired(ApiError):
    """A code is mailed once the browser has solved the challenge, or has waited with the ticket."""

    status = 429
    code = "work_required"

    def __init__(self, challenge: str, ticket: str, waited_until: float):
        super().__init__(
            "Many codes were asked for. One more is mailed after a short calculation of your browser's.",
            retry_after=max(1, math.ceil(waited_until - clock.now())),
        )
        self.challenge, self.ticket, self.waited_until = challenge, ticket, waited_until


@dataclass(frozen=True)
class Proof:
    """What a browser sends for one more code: the solution of a challenge, or the ticket it has waited with."""

    solution: str = ""
    ticket: str = ""


def admit_sign_in(email: str, browser: str, proof: Proof) -> str:
    """Count a code to sign in with, asked for by a browser (an opaque name); what it was come by: `free`, `worked` or
    `waited`. Raises WorkRequired."""
    tide = throttles.tide()
    if not tide and _is_free(email, browser):
        return "free"
    worked = throttles.used("login worked", email)
    level = min(max(worked, tide and tide + 1), work.MOST_LEVEL)
    solved_level = work.solved_level(proof.solution, email, browser)
    if solved_level is not None and solved_level >= level:
        throttles.free_at("login worked", email, WORKED)  # counted for the price of the next; it refuses nothing
        return "worked"
    waited_until = work.waited_until(proof.ticket, email, browser)
    if waited_until is not None and waited_until <= clock.now():
        if work.use_ticket(proof.ticket):
            return "waited"
        waited_until = None
    if tide:
        throttles.count_held_back()
    ticket = proof.ticket if waited_until else work.ticket(email, browser)
    raise WorkRequired(work.challenge(level, email, browser), ticket, waited_until or clock.now() + work.WAIT_SECONDS)


def _is_free(email: str, browser: str) -> bool:
    """Count a free code, first of the browser and then of the address."""
    if throttles.free_at("browser", browser, FREE_OF_BROWSER) is not None:
        return False
    return throttles.free_at("login", email, FREE) is None


def admit_confirmation(email: str) -> None:
    """Count a code that somebody who is signed in has mailed to their own address. Raises CodeLimit."""
    _require("confirm", email)


def admit_new_address(email: str, person_id: str) -> None:
    """Count a code that somebody who is signed in has mailed to the address they move to. Raises CodeLimit."""
    _require("email asked", person_id)
    _require("email", email)


def _require(kind: str, subject: str) -> None:
    if (until := throttles.free_at(kind, subject, throttles.MAILS_PER_ADDRESS)) is not None:
        raise CodeLimit(until)
