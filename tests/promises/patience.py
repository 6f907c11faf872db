"""Waiting for what a server does by itself within seconds."""

import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = 60.0  # also where every core is busy; what comes sooner is seen sooner
T = TypeVar("T")


def until(look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """What `look` sees once it is good; what it saw last where that never comes."""
    ends = time.monotonic() + SECONDS
    while not good(seen := look()) and time.monotonic() < ends:
        time.sleep(0.05)
    return seen
