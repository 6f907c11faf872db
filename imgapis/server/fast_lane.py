"""Hits answered in front of Django: the answer that the slow path gave to the same request, as long as nothing that it
depends on has changed."""

import functools
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cachetools import TTLCache

from imgapis.base import clock, tokens
from imgapis.server import middleware
from telemetry import events
from telemetry.events import CacheStatus, RequestEvent
from transforms.engine.request import endpoints, negotiate
from transforms.serving import cache, image_responses
from transforms.serving.cache import CachedOutput
from transforms.serving.image_responses import Hit
from transforms.tenant.tenants import Tenant

Environ = dict[str, Any]
Headers = list[tuple[str, str]]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Key = tuple[str | None, ...]

MOST_BYTES = 16_000_000
ANSWER_BYTES = 4_096  # of an answer without its key and its body: headers, and what Python needs for each object
METHODS = ("GET", "HEAD")
NOT_MODIFIED = 304
LONGEST_ACCEPT = 512  # characters
IN_KEY = ("REQUEST_METHOD", "HTTP_HOST", "RAW_URI", "PATH_INFO", "QUERY_STRING", "HTTP_IF_NONE_MATCH")


@dataclass(frozen=True)
class RememberedAnswer:
    """Status and headers as the slow path gave them, the hit that it made them of, and about how many bytes all that
    takes."""

    hit: Hit
    status: str
    headers: Headers
    size: int


class FastLane:
    """A WSGI application in front of another one, which answers whatever this one cannot answer for certain."""

    def __init__(self, application: Application):
        self._application = application
        self._lock = threading.Lock()
        self._answers: TTLCache[Key, RememberedAnswer] = TTLCache(
            MOST_BYTES, cache.MEMORY_SECONDS, timer=lambda: clock.monotonic(), getsizeof=lambda answer: answer.size
        )

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from memory, or by the slow path, whose hits are remembered."""
        started, tenant = time.monotonic(), _tenant(environ)
        if tenant is None:
            return self._application(environ, start_response)
        key = _key(environ, tenant)
        answer = self._remembered(key)
        if answer is not None and answer.hit.revision == tenant.revision:
            output = answer.hit.current_output()
            if output is not None:
                environ[image_responses.HIT] = answer.hit
                return _respond(environ, start_response, answer, output, started)

        def remember(status: str, headers: Headers, *exc_info: Any) -> Any:
            hit = environ.get(image_responses.HIT)
            if hit is not None and hit.revision == tenant.revision:
                self._remember(key, hit, status, headers)
            return start_response(status, headers, *exc_info)

        return self._application(environ, remember)

    def _remembered(self, key: Key) -> RememberedAnswer | None:
        with self._lock, suppress(KeyError):  # one that ends at this moment raises it too
            return self._answers[key]
        return None

    def _remember(self, key: Key, hit: Hit, status: str, headers: Headers) -> None:
        size = ANSWER_BYTES + sum(len(part or "") for part in key) + len(hit.body or b"")
        with self._lock, suppress(ValueError):  # one that is too large for any memory
            self._answers[key] = RememberedAnswer(hit, status, list(headers), size)


def _tenant(environ: Environ) -> Tenant | None:
    """The workspace of a request that may be a hit, as it was read within seconds; None leaves it to the slow path."""
    if environ["REQUEST_METHOD"] not in METHODS or environ.get("SCRIPT_NAME") or middleware.is_own_fetcher(environ):
        return None
    return middleware.remembered_tenant_of(middleware.host_of(environ.get("HTTP_HOST", "")))


def _key(environ: Environ, tenant: Tenant) -> Key:
    """All of a request that its answer depends on. Origin is in it only where it matters who calls."""
    origin = None if "*" in tenant.allowed_origins else environ.get("HTTP_ORIGIN")
    return (_accept_class(environ.get("HTTP_ACCEPT")), origin, *map(environ.get, IN_KEY))


def _accept_class(accept: str | None) -> str:
    """Which of the formats an Accept header leads to; a long one is parsed each time instead of being remembered."""
    return _known_accept(accept) if accept is None or len(accept) <= LONGEST_ACCEPT else _parsed_accept(accept)


def _parsed_accept(accept: str | None) -> str:
    return negotiate.output_format(endpoints.TRANSFORM, None, accept)


_known_accept = functools.lru_cache(1_024)(_parsed_accept)


def _respond(
    environ: Environ, start_response: StartResponse, answer: RememberedAnswer, output: CachedOutput, started: float
) -> Iterable[bytes]:
    """Give the answer again: its own id and age, the same otherwise, and recorded as the slow path records it."""
    hit, status = answer.hit, int(answer.status[:3])
    body = b"" if status == NOT_MODIFIED else output.body if hit.body is None else hit.body
    event = RequestEvent(
        workspace_id=hit.workspace_id,
        event_id=tokens.time_ordered_id(clock.now()),
        operation=hit.operation,
        cache=CacheStatus.HIT.recorded,
        origin=events.normalized_origin(environ.get("HTTP_ORIGIN")),
        status=status,
        size=0 if environ["REQUEST_METHOD"] == "HEAD" else len(body),
        latency=int((time.monotonic() - started) * 1000),
        cost=0,
    )
    image_responses.record(event)
    fresh = {"X-Request-Id": str(uuid.uuid4()), **image_responses.lifetime(output, hit.seconds, hit.until)}
    start_response(answer.status, [(name, fresh.get(name, value)) for name, value in answer.headers])
    return (body,)
