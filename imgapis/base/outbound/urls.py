"""The only parser of source URLs: what it returns is what is checked, connected to and sent."""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

from django.conf import settings

from imgapis.base.outbound import errors

DEFAULT_PORTS = {"http": 80, "https": 443}
LONGEST = 8192  # characters: a presigned bucket URL is longer than what a customer may send

URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?]+)(?P<target>.*)", re.DOTALL)
AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]+)(?::(?P<port>[1-9][0-9]{0,4}))?")
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PATH_CHARACTERS = UNRESERVED | frozenset("!$&'()*+,;=:@/")
QUERY_CHARACTERS = PATH_CHARACTERS | {"?"}


@dataclass(frozen=True)
class Location:
    """A parsed address: `host` in lower-case IDNA form or a bare address, `target` the path and query as sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The `Host` header: the port only where it is not the scheme's own."""
        return _authority(self.host, self.port, DEFAULT_PORTS[self.scheme])

    @property
    def canonical(self) -> str:
        """The one spelling of this address."""
        return f"{self.scheme}://{self.authority}{self.target}"

    @property
    def pair(self) -> str:
        """`host:port`, the spelling of FETCH_ALLOW_PRIVATE."""
        return _authority(self.host, self.port, None)


def parse(url: str, *, private: Collection[str] | None = None) -> Location:
    """The location of an absolute http or https address; FetchError `invalid_source` for every other text.

    `private` holds `host:port` pairs that may use another port than 80 and 443; None means the setting.
    """
    _check_characters(url)
    match = URL.fullmatch(url)
    if not match:
        raise errors.invalid("it has to read https://host/path")
    scheme = match["scheme"].lower()
    if scheme not in DEFAULT_PORTS:
        raise errors.invalid("only http and https are fetched")
    host, port = _split_authority(match["authority"], DEFAULT_PORTS[scheme])
    location = Location(scheme, parse_host(host), port, _target(match["target"]))
    if port not in DEFAULT_PORTS.values() and location.pair not in exceptions(private):
        raise errors.invalid("only the ports 80 and 443 are fetched from")
    return location


def join(base: Location, reference: str, *, private: Collection[str] | None = None) -> Location:
    """The location a redirect from `base` leads to (RFC 3986, 5.2); its fragment, which no server sees, is dropped."""
    reference = reference.partition("#")[0]
    origin = f"{base.scheme}://{base.authority}"
    path = base.target.partition("?")[0]
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", reference):
        return parse(reference, private=private)
    if reference.startswith("//"):
        return parse(f"{base.scheme}:{reference}", private=private)
    if reference.startswith("/"):
        return parse(origin + reference, private=private)
    if reference.startswith("?"):
        return parse(origin + path + reference, private=private)
    return parse(origin + path.rpartition("/")[0] + "/" + reference, private=private)


def parse_host(text: str) -> str:
    """The lower-case IDNA form of a host, or its address without brackets; FetchError for any other text."""
    if text.startswith("["):
        return _ipv6(text)
    host = _to_ascii(unicodedata.normalize("NFC", text).lower()).removesuffix(".")
    labels = host.split(".")
    if NUMBER.fullmatch(labels[-1]):
        # Resolvers read 0x7f.1 or 017700000001 as addresses: only the plain form is one here.
        return _ipv4(text)
    if len(host) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise errors.invalid("its host is not a host name")
    return host


def exceptions(private: Collection[str] | None) -> Collection[str]:
    """The `host:port` pairs that may have private addresses: `private`, or the setting where it is None."""
    return settings.FETCH_ALLOW_PRIVATE if private is None else private


def _authority(host: str, port: int, default_port: int | None) -> str:
    bracketed_host = f"[{host}]" if ":" in host else host
    return bracketed_host if port == default_port else f"{bracketed_host}:{port}"


def _check_characters(url: str) -> None:
    if len(url) > LONGEST:
        raise errors.invalid("it is too long")
    for character in url:
        if character in "\\#":
            raise errors.invalid("it holds a backslash or a fragment")
        if character.isspace() or unicodedata.category(character) in ("Cc", "Cs"):
            raise errors.invalid("it holds white space or a control character")


def _split_authority(authority: str, default_port: int) -> tuple[str, int]:
    if "@" in authority:
        raise errors.invalid("it holds a user name or password")
    match = AUTHORITY.fullmatch(authority)
    if not match or int(match["port"] or default_port) > 65535:
        raise errors.invalid("its host or port is malformed")
    return match["host"], int(match["port"] or default_port)


def _to_ascii(host: str) -> str:
    """The IDNA form. A host that does not round-trip was folded (full width, ligatures, joiners) and is refused."""
    if host.isascii():
        return host
    if any(character.isdigit() and not character.isascii() for character in host):
        raise errors.invalid("its host holds digits other than 0 to 9")
    try:
        ascii_form = host.encode("idna").decode("ascii")
        unfolded = ascii_form.encode("ascii").decode("idna")
    except UnicodeError as error:
        raise errors.invalid("its host is not a host name") from error
    if unfolded != host:
        raise errors.invalid("its host is written in characters that stand for others")
    return ascii_form


def _ipv4(text: str) -> str:
    try:
        address = str(IPv4Address(text))
    except AddressValueError as error:
        raise errors.invalid("its address is not written in its plain form") from error
    if address != text:
        raise errors.invalid("its address is not written in its plain form")
    return address


def _ipv6(text: str) -> str:
    address = text[1:-1]
    try:
        if "%" in address or not address.isascii():
            raise AddressValueError("zone")
        return IPv6Address(address).compressed
    except AddressValueError as error:
        raise errors.invalid("its address is malformed") from error


def _target(text: str) -> str:
    path, separator, query = text.partition("?")
    return _without_dots(_escaped(path, PATH_CHARACTERS)) + separator + _escaped(query, QUERY_CHARACTERS)


def _escaped(text: str, allowed: frozenset[str]) -> str:
    """Valid escapes kept, in upper case, or decoded where they are of an unreserved character; others escaped once."""
    parts = ESCAPE.split(text)
    for index, part in enumerate(parts):
        if index % 2:
            character = chr(int(part, 16))
            parts[index] = character if character in UNRESERVED else "%" + part.upper()
        else:
            parts[index] = "".join(char if char in allowed else _escape(char) for char in part)
    return "".join(parts)


def _escape(character: str) -> str:
    return "".join(f"%{octet:02X}" for octet in character.encode())


def _without_dots(path: str) -> str:
    """The path with `.` and `..` resolved (RFC 3986, 5.2.4); `%2e` is a dot by now. Empty segments stay."""
    output: list[str] = []
    segments = path.split("/")[1:] or [""]
    for segment in segments:
        if segment == ".." and output:
            output.pop()
        elif segment not in (".", ".."):
            output.append(segment)
    if segments[-1] in (".", ".."):
        output.append("")
    return "/" + "/".join(output)
