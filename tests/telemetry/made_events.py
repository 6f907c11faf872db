"""Events of our own making, for the tests of telemetry."""

import random

from imgapis.base import tokens
from telemetry.events import RequestEvent

OPERATIONS = ("transform", "info", "grid", "placeholder")
ORIGINS = ("", "https://shop.example", "https://blog.example:8443", "invalid")


def some(workspace_id: str, count: int, start: float, end: float, seed: int = 1) -> list[RequestEvent]:
    """Free and charged requests at random moments between `start` and `end`."""
    chance = random.Random(seed)
    return [_one(chance, workspace_id, chance.uniform(start, end)) for _ in range(count)]


def _one(chance: random.Random, workspace_id: str, moment: float) -> RequestEvent:
    status = chance.choice((200, 200, 200, 200, 304, 404, 503))
    charged = status == 200 and chance.random() < 0.3
    return RequestEvent(
        workspace_id=workspace_id,
        event_id=tokens.time_ordered_id(moment),
        operation=chance.choice(OPERATIONS),
        cache="miss" if charged or status > 304 else "hit",
        origin=chance.choice(ORIGINS),
        status=status,
        size=chance.randrange(200_000),
        latency=int(chance.lognormvariate(3, 1.5)),
        cost=chance.choice((1, 2, 4, 8)) if charged else 0,
    )
