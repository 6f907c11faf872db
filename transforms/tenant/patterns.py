"""Allowed hosts and allowed origins: exact names and label-wise wildcards, never regular expressions."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from imgapis.base.outbound import errors, urls

ANY = "*"
DEFAULT_PORTS = urls.DEFAULT_PORTS
ORIGIN = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\\\s]+)(?::(?P<port>[1-9][0-9]{0,4}|\*))?"
)


class PatternError(ValueError):
    """A malformed pattern; the message is for the customer who entered it."""


@dataclass(frozen=True)
class _Origin:
    """An origin or a pattern of one; None means any."""

    scheme: str | None
    host: str
    port: int | None


def host_pattern(text: str) -> str:
    """The canonical form of `*`, `example.com` or `*.example.com`; PatternError for anything else."""
    if text == "*":
        return text
    wildcard = "*." if text.startswith("*.") else ""
    try:
        host = urls.parse_host(text.removeprefix("*."))
    except errors.FetchError as error:
        raise PatternError(f"{text!r} is not a host: write example.com, *.example.com or *.") from error
    if wildcard and (":" in host or host.rpartition(".")[2].isdigit()):
        raise PatternError(f"{text!r} puts a wildcard before an address: write the address alone.")
    return wildcard + host


def origin_pattern(text: str) -> str:
    """The canonical form of a host pattern with an optional `http(s)://` and port; PatternError for anything else."""
    if text == "*":
        return text
    origin = _origin(text)
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    scheme = f"{origin.scheme}://" if origin.scheme else ""
    default = DEFAULT_PORTS.get(origin.scheme or "")
    if origin.port is None and scheme:
        return f"{scheme}{host}:*"
    return scheme + host + ("" if origin.port in (None, default) else f":{origin.port}")


def host_allowed(patterns: Iterable[str], host: str) -> bool:
    """Whether a host matches one of the patterns; `*.example.com` matches every subdomain, not the name itself."""
    return any(_host_fits(pattern, host) for pattern in patterns)


def origin_allowed(patterns: Iterable[str], origin: str) -> bool:
    """Whether the value of an `Origin` header matches one of the patterns; a non-origin (`null`) matches `*` only.

    A pattern without a scheme matches both schemes and, unless it names a port, every port; one with a scheme matches
    its own port, the default one where none is named.
    """
    patterns = list(patterns)
    if "*" in patterns:
        return True
    try:
        parsed = _origin(origin)
    except PatternError:
        return False
    if parsed.scheme is None or parsed.host.startswith("*"):
        return False
    return any(_origin_fits(pattern, parsed) for pattern in patterns)


def _host_fits(pattern: str, host: str) -> bool:
    if pattern == "*":
        return True
    try:
        pattern = host_pattern(pattern)
    except PatternError:
        return False
    return host.endswith(pattern[1:]) and host != pattern[2:] if pattern.startswith("*.") else host == pattern


def _origin_fits(pattern: str, origin: _Origin) -> bool:
    try:
        allowed = _origin(pattern)
    except PatternError:
        return False
    return (
        allowed.scheme in (None, origin.scheme)
        and allowed.port in (None, origin.port)
        and _host_fits(allowed.host if ":" not in allowed.host else f"[{allowed.host}]", origin.host)
    )


def _origin(text: str) -> _Origin:
    match = ORIGIN.fullmatch(text)
    if not match or match["host"] == "*":
        raise PatternError(f"{text!r} is not an origin: write example.com, *.example.com, https://example.com or *.")
    port = int(match["port"]) if match["port"] and match["port"] != "*" else None
    if port is None and match["port"] is None and match["scheme"]:
        port = DEFAULT_PORTS[match["scheme"]]
    return _Origin(match["scheme"], host_pattern(match["host"]), port)
