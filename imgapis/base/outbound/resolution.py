"""One DNS lookup per hop, bounded by the deadline, with every address tested before any is used."""

import queue
import socket
import threading
import time
from collections.abc import Callable

from imgapis.base.outbound import addresses, errors, urls
from imgapis.base.outbound.urls import Location

Resolver = Callable[[str, int], list[str]]

SAVING_SECONDS = 3.0  # for the look-up of an address that is being saved

# A stalled look-up outlives its fetch, since getaddrinfo cannot be interrupted: no more than these at a time.
_lookups = threading.BoundedSemaphore(64)


def system_resolver(host: str, port: int) -> list[str]:
    """The addresses of the name by the system's resolver; OSError where there are none."""
    records = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(record[4][0]) for record in records))


def tested_addresses(location: Location, *, excepted: bool, resolver: Resolver, deadline: float) -> list[str]:
    """The addresses the fetcher may connect to for the location, in the resolver's order.

    One refused answer refuses them all (S5). `excepted` locations (FETCH_ALLOW_PRIVATE) pass untested.
    FetchError `source_unresolvable` for guarded addresses and unknown names alike (S16).
    """
    if _is_address(location.host):
        answers = [location.host]
    elif not excepted and addresses.name_refused(location.host):
        raise errors.unresolvable()
    else:
        answers = _look_up(location, resolver, deadline)
    if not answers or not (excepted or not any(addresses.refused(answer) for answer in answers)):
        raise errors.unresolvable()
    return answers


def require_public(location: Location) -> None:
    """FetchError `source_unresolvable` for an address that the guard would not dial, before it is saved (S1, H12).

    Unknown names and private ones are told alike (S16). A look-up that takes too long refuses nothing: the guard tests
    every address again before it connects.
    """
    if location.pair in urls.exceptions(None):
        return
    deadline = time.monotonic() + SAVING_SECONDS
    try:
        tested_addresses(location, excepted=False, resolver=system_resolver, deadline=deadline)
    except errors.FetchError as error:
        if error.code != errors.timed_out().code:
            raise


def _is_address(host: str) -> bool:
    return ":" in host or host.rpartition(".")[2].isdigit()


def _look_up(location: Location, resolver: Resolver, deadline: float) -> list[str]:
    if not _lookups.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise errors.timed_out()
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def work() -> None:
        try:
            answers.put(list(resolver(location.host, location.port)))
        except (OSError, UnicodeError):  # unknown, or not a name at all: both mean no address
            answers.put([])
        finally:
            _lookups.release()

    try:
        threading.Thread(target=work, name="look-up", daemon=True).start()
    except RuntimeError:  # no thread left: release the semaphore here, as no worker will
        _lookups.release()
        raise
    try:
        return answers.get(timeout=max(0.0, deadline - time.monotonic()))
    except queue.Empty as error:
        raise errors.timed_out() from error
