"""The one error of setting up the embedded engines: a sentence for the person at the terminal."""

import sys
from collections.abc import Callable


class SetupError(Exception):
    """Something this machine lacks or refuses; the text says what, and what to do about it."""


def exit_status(work: Callable[[], None]) -> int:
    """Do the work of a command: 0, 1 with the sentence of a SetupError, or 130 where it was interrupted."""
    try:
        work()
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0
