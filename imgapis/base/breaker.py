"""A circuit breaker before DynamoDB and the cache bucket: while one does not answer, most calls to it fail at once
instead of each waiting (D2, K7)."""

import threading
import time
from typing import Any, Protocol
from weakref import WeakSet

from botocore.exceptions import ConnectionError as Unconnected
from botocore.exceptions import EndpointConnectionError, HTTPClientError

FAILURES = 3
PAUSE_SECONDS = 1.0
AGAIN_SECONDS = 0.05
_guarding: "WeakSet[Breaker]" = WeakSet()


class Breaker:
    """Opens after some failures in a row, for a second; then one call in a second tries, and the first success
    closes it."""

    def __init__(self, failures: int = FAILURES, pause: float = PAUSE_SECONDS):
        self._most, self._pause = failures, pause
        self._failed, self._opens = 0, 0.0
        self._lock = threading.Lock()

    def allows(self) -> bool:
        """Whether a call may go out now."""
        with self._lock:
            if self._failed < self._most:
                return True
            now = time.monotonic()
            if now < self._opens:
                return False
            self._opens = now + self._pause  # this call is the probe; the others wait for its result
            return True

    def record_failure(self) -> None:
        """Count a call that got no response."""
        with self._lock:
            self._failed += 1
            if self._failed >= self._most:
                self._opens = time.monotonic() + self._pause

    def record_success(self) -> None:
        """Note a response, an error response included: the count of failures starts again."""
        with self._lock:
            self._failed = 0


class Client(Protocol):
    """What is used of a botocore client: its events."""

    @property
    def meta(self) -> Any:
        """The client's `ClientMeta`."""


def guard(client: Client, breaker: Breaker, *, again: bool = True) -> None:
    """Put a breaker before every call of a botocore client. With `again` a call that got no response is retried once
    after AGAIN_SECONDS: botocore's own back-off of up to a second is meant for a service that reports overload."""
    _guarding.add(breaker)
    service = client.meta.service_model.service_name

    def before(**_: Any) -> None:
        if not breaker.allows():
            raise EndpointConnectionError(endpoint_url=f"{service}, which has just not answered")

    def after(
        response: object = None, caught_exception: Exception | None = None, attempts: int = 0, **_: Any
    ) -> float | None:
        if response is not None:
            breaker.record_success()
        elif isinstance(caught_exception, Unconnected | HTTPClientError):
            breaker.record_failure()
            return AGAIN_SECONDS if again and attempts == 1 else None
        return None

    client.meta.events.register(f"before-call.{service}", before)
    client.meta.events.register_first(f"needs-retry.{service}", after)


def close_all() -> None:
    """Close every breaker of this process that guards a client: the tests do between two of them, since a machine under
    load may open one in a test that has nothing to do with the next."""
    for breaker in list(_guarding):
        breaker.record_success()
