"""Looking up DNS records: the only module that imports dnspython."""

import dns.exception
import dns.name
import dns.resolver
from django.conf import settings

SECONDS = 4.0  # for one query, all attempts together


class LookupFailed(Exception):
    """No resolver answered, or it failed: whether the record exists is unknown."""


def texts(name: str) -> list[str]:
    """The TXT records of a name, each joined of its parts; none where the name or the record is absent."""
    return [b"".join(record.strings).decode(errors="replace") for record in _ask(name, "TXT")]


def alias(name: str) -> str | None:
    """Where the CNAME of a name points, lower case without the last dot; None where there is none."""
    records = _ask(name, "CNAME")
    return records[0].target.to_text(omit_final_dot=True).lower() if records else None


def addresses(name: str) -> set[str]:
    """The IPv4 and IPv6 addresses of a name."""
    return {record.address for record_type in ("A", "AAAA") for record in _ask(name, record_type)}


def _ask(name: str, record_type: str) -> list:
    try:
        answer = _resolver().resolve(
            dns.name.from_text(name), record_type, search=False, lifetime=SECONDS, raise_on_no_answer=False
        )
    except dns.resolver.NXDOMAIN:
        return []
    except dns.exception.DNSException as error:
        raise LookupFailed(f"{record_type} of {name}") from error
    return [record for record in answer.rrset or [] if hasattr(record, "rdtype")]


def _resolver() -> dns.resolver.Resolver:
    """The resolver of the setting DNS_RESOLVER, `address` or `address:port`; else the machine's own."""
    if not settings.DNS_RESOLVER:
        return dns.resolver.Resolver()
    address, _, port = settings.DNS_RESOLVER.partition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = [address]
    resolver.port = int(port or 53)
    return resolver
