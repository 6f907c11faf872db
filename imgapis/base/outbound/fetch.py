"""The guarded fetcher: bytes of a source over HTTP, within a deadline and a cap, from public addresses only."""

import hashlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TypeVar

import urllib3
from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection

from imgapis.base import clock
from imgapis.base.outbound import content, errors, freshness, reply, resolution, urls
from imgapis.base.outbound.deadline import Watchdog
from imgapis.base.outbound.errors import FetchError as FetchError  # callers name it fetch.FetchError
from imgapis.base.outbound.urls import Location

PIECE = 262_144
PROBE_BYTES = 16_384
REDIRECTS = (301, 302, 303, 307, 308)
HEADERS = {"User-Agent": "imgapis/1", "Accept": "image/*", "Accept-Encoding": "identity"}
FOCAL_HEADER = "x-amz-meta-focal"
BROKEN = (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError)


class NothingReceived(Exception):
    """The connection failed before the first byte of a response, so the request can be retried safely."""


@dataclass(frozen=True)
class FetchRules:
    """Settings shared by all fetches. `private`: `host:port` pairs exempt from the guard.

    `connect` opens a socket (address, port, timeout in seconds) and is replaced in tests only, as are `resolver`
    and `tls`.
    """

    private: Collection[str] = frozenset()
    allow_http: bool = True
    max_redirects: int = 3
    connect_seconds: float = 5.0
    resolver: resolution.Resolver = resolution.system_resolver
    connect: Callable[[str, int, float], socket.socket] = field(
        default=lambda address, port, seconds: socket.create_connection((address, port), seconds)
    )
    tls: ssl.SSLContext | None = None


@dataclass(frozen=True)
class FetchResult:
    """A complete response with status 200: its decompressed body, its Content-Type as sent, its final location.

    `focal` is the raw value of FOCAL_HEADER, the focal point of a bucket's object; `fresh_seconds` is how long it may
    be reused by its Cache-Control, Expires and Age (None: they do not say). No other header is read.
    """

    body: bytes
    content_type: str | None
    status: int
    location: Location
    focal: str | None = None
    fresh_seconds: int | None = None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the body in hex: reckoned once, however many requests share the result."""
        return hashlib.sha256(self.body).hexdigest()

    def without_freshness(self) -> "FetchResult":
        """The result as if nothing were said of how long it may be reused, with the same body and its digest."""
        result = replace(self, fresh_seconds=None)
        vars(result)["digest"] = self.digest
        return result


@dataclass(frozen=True)
class ProbeResult:
    """The start of any response: its status and the first 16 KB of the body, as sent."""

    status: int
    body: bytes


Note = Callable[[str, str], None]
Result = TypeVar("Result")


def ignore_note(step: str, fact: str) -> None:
    """The default `note` callback: does nothing."""


@dataclass(frozen=True)
class _Job:
    """One fetch: its limits and rules, the request, and the callback for each step."""

    deadline: float
    max_bytes: int
    rules: FetchRules
    note: Note = ignore_note
    method: str = "GET"
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    busy_statuses: Collection[int] = ()


def configured() -> FetchRules:
    """The rules of the settings."""
    return FetchRules(
        private=settings.FETCH_ALLOW_PRIVATE,
        allow_http=settings.FETCH_ALLOW_HTTP,
        max_redirects=settings.FETCH_MAX_REDIRECTS,
        connect_seconds=settings.FETCH_CONNECT_SECONDS,
    )


def fetch(
    source: Location | str,
    *,
    deadline: float,
    max_bytes: int,
    permitted: Callable[[Location], bool],
    rules: FetchRules | None = None,
    note: Note = ignore_note,
    busy_statuses: Collection[int] = (),
) -> FetchResult:
    """Fetch `source` and follow its redirects. Raises FetchError.

    `deadline` is a value of `time.monotonic()` at which the fetch ends whatever it is doing. `permitted` is called
    for every redirect, and for a source given as text; a Location was checked by the caller that parsed it. Nothing
    of the client's request is sent, and only body, type, focal point and freshness are returned. `note` is called for
    every step that succeeded: `resolved`, `connected`, `secured`, `answered` (the status), `redirected`, `typed`,
    `measured`. A status among `busy_statuses` is `source_busy`.
    """
    rules = rules or configured()
    job = _Job(deadline, max_bytes, rules, note, busy_statuses=busy_statuses)
    if isinstance(source, Location):
        location = source
    else:
        location = urls.parse(source, private=rules.private)
        if not permitted(location):
            raise errors.not_allowed()
    for _ in range(rules.max_redirects + 1):
        result = _visit(location, job, _answer)
        if isinstance(result, FetchResult):
            return result
        location = _next_hop(location, result, permitted, rules)
        note("redirected", location.host)
    raise errors.redirect("there are too many")


def probe(
    location: Location,
    *,
    method: str,
    deadline: float,
    rules: FetchRules | None = None,
    note: Note = ignore_note,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> ProbeResult:
    """The response to one request, errors and redirects included; through the same guard, redirects not followed. A
    body is our own, never a client's, and may arrive twice where the first connection breaks."""
    job = _Job(deadline, PROBE_BYTES, rules or configured(), note, method, body=body, headers=headers or {})
    return _visit(location, job, _start)


def _next_hop(location: Location, reference: str, permitted: Callable[[Location], bool], rules: FetchRules) -> Location:
    try:
        # http.client reads headers as Latin-1; addresses are sent as UTF-8 where they are not ASCII.
        next_location = urls.join(location, reference.encode("latin-1").decode(), private=rules.private)
    except (FetchError, UnicodeError) as error:
        raise errors.redirect("its address is not accepted") from error
    if location.scheme == "https" and next_location.scheme == "http":
        raise errors.redirect("it leads from https to http")
    if not permitted(next_location):
        raise errors.redirect("its host is not allowed")
    return next_location


Read = Callable[[urllib3.HTTPResponse, Location, _Job], Result]


def _visit(location: Location, job: _Job, read: Read[Result]) -> Result:
    """What `read` makes of the response of one hop. One DNS lookup, at most two connections."""
    if location.scheme == "http" and not job.rules.allow_http:
        raise errors.invalid("only https is fetched")
    is_exempt = location.pair in job.rules.private
    addresses = resolution.tested_addresses(
        location, excepted=is_exempt, resolver=job.rules.resolver, deadline=job.deadline
    )
    job.note("resolved", location.host)
    first, second = _attempts(addresses)
    with Watchdog(job.deadline) as watchdog:
        try:
            return _request_once(location, first, job, watchdog, read)
        except NothingReceived:
            _check_time(job)
        try:
            return _request_once(location, second, job, watchdog, read)
        except NothingReceived as error:
            _check_time(job)
            raise errors.unreachable() from error


def _attempts(addresses: list[str]) -> tuple[str, str]:
    """The address to connect to, and the fallback: of the other IP family where there is one."""
    first, *rest = addresses
    return first, next((ip for ip in rest if (":" in ip) != (":" in first)), rest[0] if rest else first)


def _request_once(location: Location, address: str, job: _Job, watchdog: Watchdog, read: Read[Result]) -> Result:
    connection = _connection(location, address, job, watchdog)
    try:
        response = _response(connection, location, job)
        job.note("answered", str(response.status))
        return read(response, location, job)
    except FetchError:
        _check_time(job)
        raise
    except BROKEN as error:
        _check_time(job)
        raise errors.unreachable() from error
    finally:
        connection.close()


def _response(connection: HTTPConnection, location: Location, job: _Job) -> urllib3.HTTPResponse:
    try:
        connection.connect()
        if location.scheme == "https":
            job.note("secured", location.host)
        connection.request(
            job.method,
            location.target,
            body=job.body,
            headers={"Host": location.authority, **HEADERS, **job.headers},
            preload_content=False,
            decode_content=False,
            enforce_content_length=True,
        )
    except (ConnectionResetError, BrokenPipeError) as error:
        raise NothingReceived from error
    try:
        return connection.getresponse()
    except http.client.RemoteDisconnected as error:
        raise NothingReceived from error


def _connection(location: Location, address: str, job: _Job, watchdog: Watchdog) -> HTTPConnection:
    """A connection, not yet open, that will connect to the tested address and nothing else."""

    def dial() -> socket.socket:
        remaining = job.deadline - time.monotonic()
        if remaining <= 0:
            raise errors.timed_out()
        try:
            sock = job.rules.connect(address, location.port, min(job.rules.connect_seconds / 2, remaining))
        except OSError as error:
            raise NothingReceived from error
        watchdog.watch(sock)
        sock.settimeout(max(0.001, job.deadline - time.monotonic()))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        job.note("connected", location.host)
        return sock

    remaining = max(0.001, job.deadline - time.monotonic())
    connection: HTTPConnection
    if location.scheme == "https":
        context = job.rules.tls or _tls()
        connection = HTTPSConnection(location.host, location.port, timeout=remaining, ssl_context=context)
    else:
        connection = HTTPConnection(location.host, location.port, timeout=remaining)
    # urllib3's hook for opening the socket: Host and SNI keep the name.
    connection._new_conn = dial  # type: ignore[method-assign]  # replaced for this one connection
    connection.response_class = reply.StrictResponse
    return connection


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """A context that verifies host names and certificates by the system's trust store; cached: loading it is slow."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    return context


def _start(response: urllib3.HTTPResponse, location: Location, job: _Job) -> ProbeResult:
    """The start of any response, as sent."""
    return ProbeResult(response.status, response.read(job.max_bytes, decode_content=False))


def _answer(response: urllib3.HTTPResponse, location: Location, job: _Job) -> FetchResult | str:
    """The picture, or the address that a redirect leads to. FetchError for every other response."""
    if response.status in REDIRECTS:
        reference = response.headers.get("location")
        if not reference:
            raise errors.redirect("it leads nowhere")
        return reference
    if response.status in job.busy_statuses:
        raise errors.busy()
    _check_status(response.status)
    job.note("typed", response.headers.get("content-type", ""))
    length = int(response.headers.get("content-length", "0"))
    job.note("measured", str(length))
    if length > job.max_bytes:
        raise errors.too_large(job.max_bytes)
    body = content.Body(response.headers.get("content-encoding", ""), job.max_bytes)
    while chunk := response.read(PIECE, decode_content=False):
        body.add(chunk)
        _check_time(job)
    _check_time(job)
    headers = response.headers
    return FetchResult(
        body.finished(),
        headers.get("content-type"),
        response.status,
        location,
        headers.get(FOCAL_HEADER),
        freshness.fresh_seconds(headers, clock.now()),
    )


def _check_status(status: int) -> None:
    if status in (404, 410):
        raise errors.missing()
    if status in (401, 403):
        raise errors.forbidden()
    if 300 <= status < 400:
        raise errors.redirect("its kind is unknown")
    if 400 <= status < 500:
        raise errors.refused()
    if status != 200:
        raise errors.unreachable()


def _check_time(job: _Job) -> None:
    """Raise source_timeout past the deadline: a read ended by the watchdog looks as if the origin had ended it."""
    if time.monotonic() >= job.deadline:
        raise errors.timed_out()
