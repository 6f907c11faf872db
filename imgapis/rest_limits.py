"""The rate limit of the REST API: a token bucket per key, in the memory of one worker; no address is read."""

import logging
import threading
import time
from dataclasses import dataclass

from cachetools import LRUCache

from imgapis.base.errors import ApiError

MOST = 600  # calls a minute and worker
WINDOW_SECONDS = 60
MOST_KEYS = 10_000
log = logging.getLogger("imgapis.rest")
_lock = threading.Lock()
_buckets: LRUCache[str, tuple[float, float]] = LRUCache(MOST_KEYS)


class TooManyCalls(ApiError):
    """The key has called too often."""

    status = 429
    code = "too_many_requests"


@dataclass(frozen=True)
class Allowance:
    """What is left of a key's calls, and in how many seconds the bucket is full again."""

    left: int
    full_in: int


def spend(key: str) -> Allowance:
    """Count a call of a key. Raises TooManyCalls with the seconds to wait."""
    now = time.monotonic()
    with _lock:
        tokens, updated_at = _buckets.get(key, (float(MOST), now))
        tokens = min(float(MOST), tokens + (now - updated_at) * MOST / WINDOW_SECONDS)
        _buckets[key] = (tokens - 1 if tokens >= 1 else tokens, now)
    if tokens < 1:
        raise TooManyCalls("This key has called too often. Wait as Retry-After says.", retry_after=1)
    return Allowance(int(tokens - 1), round((MOST - tokens + 1) * WINDOW_SECONDS / MOST))


def headers(allowance: Allowance | None) -> dict[str, str]:
    """RateLimit and RateLimit-Policy (IETF draft httpapi-ratelimit-headers)."""
    policy = {"RateLimit-Policy": f'"key";q={MOST};w={WINDOW_SECONDS}'}
    if allowance is None:
        return policy
    return policy | {"RateLimit": f'"key";r={allowance.left};t={allowance.full_in}'}
