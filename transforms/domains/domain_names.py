"""Validation of custom domain names, and the DNS records their owner sets."""

import re
from dataclasses import dataclass

from django.conf import settings

from imgapis.base.errors import ApiError
from imgapis.base.outbound import addresses, urls
from imgapis.base.outbound.fetch import FetchError

LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
PROOF_LABEL = "_imgapis"
PROOF_WORD = "imgapis-verification="
LONGEST = 253 - len(PROOF_LABEL) - 1  # the name of the TXT record has to fit into DNS too


class InvalidDomain(ApiError):
    """The text cannot be a custom domain."""

    code = "invalid_domain"

    def __init__(self, message: str):
        super().__init__(message, param="domain")


@dataclass(frozen=True)
class Record:
    """A DNS record to set: the fields of a DNS provider's form, and its purpose."""

    kind: str
    name: str
    value: str
    purpose: str


def canonical(text: str) -> str:
    """The lower-case IDNA form of a custom domain. Raises InvalidDomain for an IP address, a private or local name, one
    of our own names, and anything that is not a full host name."""
    name = text.strip()
    if "/" in name or ":" in name or "@" in name:
        raise InvalidDomain("Enter the host name alone, such as img.shop.example: no https://, no path, no port.")
    try:
        host = urls.parse_host(name)
    except FetchError as error:
        raise InvalidDomain("This is not a host name: it reads like img.shop.example.") from error
    if host.rpartition(".")[2].isdigit():
        raise InvalidDomain("This is an address: a custom domain is a host name, such as img.shop.example.")
    if len(host) > LONGEST or not all(LABEL.fullmatch(label) for label in host.split(".")):
        raise InvalidDomain("This is not a host name: it reads like img.shop.example, without * and _.")
    if addresses.name_refused(host):
        raise InvalidDomain("This name exists in private networks only: use one that the public DNS knows.")
    if is_ours(host):
        raise InvalidDomain("This name is ours: use a host name of your own domain.")
    return host


def is_ours(host: str) -> bool:
    """Whether a name is the site's, the image domain or the CNAME target, or a parent or subdomain of one of them."""
    own_names = (*settings.SITE_HOSTS, settings.IMAGE_DOMAIN, settings.DOMAIN_TARGET)
    return any(host == name or host.endswith("." + name) or name.endswith("." + host) for name in own_names)


def records(domain: str, token: str) -> tuple[Record, Record]:
    """The records the owner of a domain sets: the TXT proof of ownership, and the CNAME that routes requests."""
    return (
        Record("TXT", f"{PROOF_LABEL}.{domain}", PROOF_WORD + token, "proves that the domain is yours; keep it"),
        Record("CNAME", domain, settings.DOMAIN_TARGET, "leads requests to us"),
    )
