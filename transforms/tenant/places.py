"""Where originals lie, in one spelling, by which staff block them: whatever an address or a source is written like."""

import posixpath
import re
from ipaddress import IPv6Address
from urllib.parse import quote, unquote_to_bytes, urlsplit

from imgapis.base.outbound.urls import Location

# Services whose objects have several hosts → the one host of a place; a bucket in a host becomes the path's beginning.
# A bucket of S3 or Google has one owner in all regions; one of R2 belongs to its account. Strangers choose hosts: each
# part of a pattern can match in one way only, or a long host would take minutes.
STORAGE_HOSTS = (
    (
        re.compile(r"(?:(?P<bucket>[a-z0-9_.-]+)\.)?s3(?:[.-][a-z0-9]+)*\.(?P<service>amazonaws\.com)(?:\.cn)?"),
        "s3.",
    ),
    (re.compile(r"(?:(?P<bucket>[a-z0-9_.-]+)\.)?(?P<service>storage\.googleapis\.com)"), ""),
    (
        re.compile(
            r"(?:(?P<bucket>[a-z0-9-]+)\.)?(?P<service>[0-9a-f]{32}(?:\.(?:eu|fedramp))?\.r2\.cloudflarestorage\.com)"
        ),
        "",
    ),
)

# A path that is its own one spelling, as most are: a place is looked at with each request, cached ones too.
PLAIN = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+")


def of_location(location: Location) -> str:
    """The place of an address: with neither scheme, port nor query, which many servers do not look at."""
    return _place(location.host, location.target)


def of_object(endpoint: str, bucket: str, key: str) -> str:
    """The place of an object of a bucket, the same as that of its public and of its presigned addresses."""
    return _place(urlsplit(endpoint).hostname or "", f"/{bucket}/{quote(key)}")


def canonical(place: str) -> str:
    """A stored place in the spelling of now: those of before kept escapes, and buckets the scheme of their service."""
    if "://" in place:
        scheme, _, rest = place.partition("://")
        host, _, path = rest.partition("/")
        return _place(urlsplit(f"{scheme}://{host}").hostname or "", "/" + quote(path))
    host, _, path = place.partition("/")
    return _place(host, "/" + path)


def _place(host: str, target: str) -> str:
    path = _path(target.partition("?")[0])
    for pattern, start in STORAGE_HOSTS:
        match = pattern.fullmatch(host)
        if match:
            return start + match["service"] + (f"/{match['bucket']}{path}" if match["bucket"] else path)
    return _unwrapped(host) + path


def _unwrapped(host: str) -> str:
    """An IPv4 address that is written inside an IPv6 one, as itself (S3)."""
    inner = IPv6Address(host).ipv4_mapped if ":" in host else None
    return str(inner) if inner else host


def _path(path: str) -> str:
    """A path with every escape decoded, dot segments resolved and each slash once, as servers may read it; escaped
    again, so that places can be stored and compared by their beginnings."""
    if PLAIN.fullmatch(path):
        return path
    plain = b"/" + unquote_to_bytes(path).replace(b"\\", b"/").lstrip(b"/")
    is_folder = plain.endswith((b"/", b"/.", b"/.."))
    normal = posixpath.normpath(plain)
    return quote(normal + b"/" if is_folder and normal != b"/" else normal)
