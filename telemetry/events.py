"""The closed list of what is known of an image request (P04), and how its Origin is bounded."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum

from accounts.workspaces.entitlements import STARTING
from imgapis.base import clock, tokens
from telemetry.models import Event
from telemetry.models import events as event_rows

ORIGIN = re.compile(r"https?://[a-z0-9.\-\[\]:]+(?::[0-9]{1,5})?\Z")
LONGEST_ORIGIN = 255


class CacheStatus(StrEnum):
    """How an image answer came about, as `X-Img-Cache` says it: COALESCED shared the work of another request."""

    HIT = "HIT"
    MISS = "MISS"
    COALESCED = "COALESCED"

    @property
    def recorded(self) -> str:
        """What events and metrics say: `hit` or `miss`; a coalesced request is a miss of cost 0."""
        return "hit" if self is CacheStatus.HIT else "miss"


@dataclass(frozen=True)
class RequestEvent:
    """One image request. `size` in bytes, `latency` in whole milliseconds, `cost` in half-credits."""

    workspace_id: str
    event_id: str
    operation: str
    cache: str
    origin: str
    status: int
    size: int
    latency: int
    cost: int


def normalized_origin(header: str | None) -> str:
    """The Origin as `scheme://host[:port]`; empty where none was sent, `invalid` for anything else."""
    if not header:
        return ""
    origin = header.lower()
    return origin if len(origin) <= LONGEST_ORIGIN and ORIGIN.match(origin) else "invalid"


def to_row(event: RequestEvent, retention_days: int = STARTING.retention_days) -> Event:
    """The event as its row; it expires after `retention_days`, those of the workspace's plan."""
    expires_at = tokens.moment_of(event.event_id) + retention_days * clock.DAY
    return Event(expires=clock.utc(expires_at), **asdict(event))


def write(batch: Iterable[RequestEvent], retention_days: Mapping[str, int] | None = None) -> None:
    """Write free events in batches, each for the days of its workspace; an id written twice is one event."""
    days = retention_days or {}
    event_rows.write(to_row(item, days.get(item.workspace_id, STARTING.retention_days)) for item in batch)
