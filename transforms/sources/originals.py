"""Resolves a `src` to an original: its source, its identity in cache keys, and how to read its bytes."""

import random
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from django.conf import settings

from imgapis.base.errors import ApiError
from imgapis.base.outbound import errors, fetch, own_hosts, urls
from imgapis.base.outbound.fetch import FetchError, FetchResult, Note, ignore_note
from imgapis.base.outbound.urls import Location
from transforms.models import Source
from transforms.sources import lifetimes
from transforms.sources.kinds.kind import SourceFile
from transforms.sources.kinds.registry import kind_of
from transforms.sources.lifetimes import Lifetime
from transforms.tenant import patterns, places
from transforms.tenant.tenants import Tenant

FULL_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:|//|\\")
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
ENCODED = re.compile(r"%(?:2[fF]|3[aA])")
ESCAPED = re.compile(r"%[0-9A-Fa-f]{2}")
MISSING = "source_missing"
MISSING_STATUSES = (404, 410)
HEAD_SECONDS = 5.0
BUSY = "source_busy"
BUSY_STATUSES = (429, 503)  # S3's SlowDown and ServiceUnavailable, R2's TooManyRequests
BUSY_PAUSE = (0.2, 0.6)  # seconds before the one more try
TWICE = " It looks percent-encoded twice: encode it once."
PLUS = " A + in an address means a space: if the name holds a plus sign, write %2B."
DOTS = re.compile(r"(?:\.|%2e){1,2}\Z", re.IGNORECASE)


class UnknownSource(ApiError):
    """The first part of the src names no source of the workspace."""

    status = 404
    code = "unknown_source"


class SourceNotAllowed(ApiError):
    """The src is a full URL whose host the workspace does not allow."""

    status = 403
    code = "source_not_allowed"


class PictureBlocked(ApiError):
    """Staff have stopped the picture or its source, after a report."""

    status = 451
    code = "picture_blocked"

    def __init__(self) -> None:
        super().__init__("This picture was blocked after a report. The owner of the workspace can see why.")


class InvalidSource(ApiError):
    """The src is malformed."""

    code = "invalid_source"


@dataclass(frozen=True)
class Original:
    """A source picture: its identity in cache keys, and the function that reads it. No bytes are stored (P07).

    `location` gives the URL for a method. `param` is the parameter that named it, for the errors, and `hint` a sentence
    to add where there is no such file. `place` is where it lies, by which staff block it, however the src is written
    and the source is called (`transforms.tenant.places`); `source` is that name, empty for a full URL. `lifetime` is
    how long what is made of it lives.
    """

    identity: tuple[str, ...]
    read: Callable[[Note], FetchResult]
    location: Callable[[str], Location]
    place: str = ""
    source: str = ""
    lifetime: Lifetime = field(default_factory=Lifetime)
    param: str = "src"
    hint: str = ""

    def fetch(self, note: Note = ignore_note) -> FetchResult:
        """The bytes, the focal point where a bucket's object names one, and how long they are fresh where that counts.
        Raises FetchError, naming the parameter. `note` is called for each step."""
        try:
            result = self.read(note)
            if self.lifetime.obeys_origin or result.fresh_seconds is None:
                return result
            return result.without_freshness()
        except ApiError as refusal:
            self._explain(refusal)
            raise

    def is_missing(self) -> bool:
        """Whether its server answers HEAD with 404 or 410. Any other answer, and none, say nothing."""
        try:
            deadline = time.monotonic() + HEAD_SECONDS
            return fetch.probe(self.location("HEAD"), method="HEAD", deadline=deadline).status in MISSING_STATUSES
        except FetchError:
            return False

    def missing(self) -> ApiError:
        """The error of a file that is not there."""
        refusal = errors.missing()
        self._explain(refusal)
        return refusal

    def _explain(self, refusal: ApiError) -> None:
        """Name the parameter, and what may have gone wrong with a file that is not there."""
        refusal.param = self.param
        if refusal.code == MISSING:
            refusal.message += self.hint


def resolve(tenant: Tenant, src: str, param: str = "src") -> Original:
    """The original a src means. Nothing is fetched. Raises InvalidSource, UnknownSource, SourceNotAllowed with `param`,
    the parameter that holds the src."""
    with _named_by(param):
        original = _resolve(tenant, src)
        return replace(original, param=param, hint=_hint_if_missing(original, src))


@contextmanager
def _named_by(param: str) -> Iterator[None]:
    """Set the parameter of every ApiError raised within."""
    try:
        yield
    except ApiError as refusal:
        refusal.param = param
        raise


def _resolve(tenant: Tenant, src: str) -> Original:
    if FULL_URL.match(src):
        return _external(tenant, src)
    name, separator, path = src.partition("/")
    source = tenant.sources.get(name)
    if source is None:
        raise UnknownSource(f"This workspace has no source named {name[:64]!r}.{_hint(src)}", param="src")
    if not separator or not path:
        raise InvalidSource(f"The src names the source {name} but no file in it: use {name}/<path>.", param="src")
    return _named(tenant, source, _checked_path(path))


def _hint_if_missing(original: Original, src: str) -> str:
    """What may have gone wrong with a src whose file is not there. In a full URL an escape is one."""
    if original.source and ESCAPED.search(src):
        return TWICE
    return PLUS if " " in src else ""


def _hint(src: str) -> str:
    """What may have gone wrong with a src that names no source."""
    if src.startswith("/"):
        return " A src begins with the name of a source, not with a slash."
    if ENCODED.search(src):
        return TWICE
    return ""


def _checked_path(path: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 or character == "\\" for character in path):
        raise InvalidSource("The path in src holds a control character or a backslash.", param="src")
    if any(DOTS.match(segment) for segment in path.split("/")):
        raise InvalidSource("The path in src holds a . or .. segment.", param="src")
    return path


def _external(tenant: Tenant, src: str) -> Original:
    location = urls.parse(src)
    if not _is_allowed(tenant, location):
        raise SourceNotAllowed(_not_allowed(tenant, location), param="src")
    read = lambda note: _fetch(location, _hops(tenant), note)  # noqa: E731
    lifetime, place = Lifetime(obeys_origin=tenant.origin_cache_control), places.of_location(location)
    return Original(("url", location.canonical), read, lambda method: location, place, lifetime=lifetime)


def _not_allowed(tenant: Tenant, location: Location) -> str:
    if tenant.allowed_sources or own_hosts.own_host(location.host):
        return f"The host {location.host} is not on this workspace's list of sources."
    return (
        f"This workspace reads no full URLs. Make {location.host} one of its sources, or add it to the external sources"
        " that are allowed."
    )


def _hops(tenant: Tenant, home: str = "") -> Callable[[Location], bool]:
    """The check of where redirects lead: to the source's own host and the workspace's allowed hosts, never to our own.
    It raises PictureBlocked for what staff have blocked (H25)."""

    def permitted(hop: Location) -> bool:
        if tenant.rules.blocks.has(places.of_location(hop), ""):
            raise PictureBlocked
        return _is_allowed(tenant, hop, home)

    return permitted


def _is_allowed(tenant: Tenant, location: Location, home: str = "") -> bool:
    host = location.host
    is_named = host == home or patterns.host_allowed(tenant.allowed_sources, host)
    return is_named and not own_hosts.own_host(host)


def _named(tenant: Tenant, source: Source, path: str) -> Original:
    file = kind_of(source).file(source, path)
    identity = ("source", source.source_id, str(int(source.revision)), file.identity)
    if file.home is None:
        read = lambda note: _fetch_object(file, note)  # noqa: E731
    else:
        hops = _hops(tenant, file.home)
        read = lambda note: _fetch(file.location("GET"), hops, note)  # noqa: E731
    return Original(identity, read, file.location, file.place, source.name, lifetimes.of_source(source))


def _fetch(location: Location, permitted: Callable[[Location], bool], note: Note) -> FetchResult:
    """A web server's focal point is ignored: it may pass on headers its owner does not know of."""
    deadline = time.monotonic() + settings.FETCH_TOTAL_SECONDS
    return replace(_fetch_whole(location, permitted, note, deadline), focal=None)


def _fetch_object(file: SourceFile, note: Note) -> FetchResult:
    """An object of a bucket; asked for once more where the service asks for fewer requests."""
    deadline = time.monotonic() + settings.FETCH_TOTAL_SECONDS
    try:
        return _fetch_whole(file.location("GET"), _nowhere, note, deadline, BUSY_STATUSES)
    except FetchError as refusal:
        if refusal.code != BUSY:
            raise
    time.sleep(random.uniform(*BUSY_PAUSE))
    return _fetch_whole(file.location("GET"), _nowhere, note, deadline, BUSY_STATUSES)


def _nowhere(hop: Location) -> bool:
    """No redirect is followed."""
    return False


def _fetch_whole(
    location: Location,
    permitted: Callable[[Location], bool],
    note: Note,
    deadline: float,
    busy_statuses: Collection[int] = (),
) -> FetchResult:
    return fetch.fetch(
        location,
        deadline=deadline,
        max_bytes=settings.LIMIT_SOURCE_BYTES,
        permitted=permitted,
        note=note,
        busy_statuses=busy_statuses,
    )
