"""How long a session lives, in seconds; pages, the cookie and the data inventory say it from here (A7, P16)."""

from imgapis.base import clock

IDLE_DAYS, LONGEST_DAYS = 14, 30
IDLE_SECONDS = IDLE_DAYS * clock.DAY  # without use; the cookie's Max-Age (SESSION_COOKIE_AGE)
LONGEST_SECONDS = LONGEST_DAYS * clock.DAY  # whatever its use
UNSIGNED_SECONDS = clock.DAY  # before anybody has signed in, held in the cookie alone
