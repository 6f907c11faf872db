"""A crowd whose people do as clients do: who is told to ask again in a moment asks again."""

import time
from collections.abc import Callable
from typing import TypeVar

from billing.charging.credits import ChargeUnavailable
from tests.transforms.web_client import Reply, ask

T = TypeVar("T")
PATIENCE_SECONDS = 30.0
PAUSE_SECONDS = 0.2  # less than Retry-After asks for: the crowd is the subject, not its manners


def settled(act: Callable[[], T]) -> T:
    """The outcome of an act, which is repeated while its charge cannot be settled: a loaded machine is no failure."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return act()
        except ChargeUnavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_SECONDS)


def ask_until_settled(namespace: str, path: str, **headers: str) -> list[Reply]:
    """Every answer to a request that is repeated while it is 503 with Retry-After; the last one is what the client
    is left with."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    replies = [ask(namespace, path, **headers)]
    while replies[-1].status == 503 and "retry-after" in replies[-1].headers and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        replies.append(ask(namespace, path, **headers))
    return replies
