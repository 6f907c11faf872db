"""Addresses and names the fetcher never connects to: a table, because `ipaddress.is_global` lets some pass."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA special-purpose registries, and the public addresses on which clouds answer their own machines.
REFUSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network"
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and Alibaba's metadata service 100.100.100.200
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's metadata service, inside a public range
        "169.254.0.0/16",  # link-local, and most metadata services
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments, and Oracle's metadata service 192.0.0.192
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # AMT
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# Nothing outside 2000::/3 is allocated; the rows below are excluded from it. The forms that embed an IPv4 address
# are checked by that address instead, see `_embedded`.
GLOBAL_V6 = IPv6Network("2000::/3")
REFUSED_V6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments: ORCHID, benchmarks, AMT …
        "2001:db8::/32",  # documentation
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
        # Outside 2000::/3 and so refused in any case; written out because these are the ones attackers try.
        "::/127",  # unspecified, loopback
        "100::/64",  # discard
        "5f00::/16",  # segment routing
        "fc00::/7",  # unique local, and the metadata service fd00:ec2::254
        "fe80::/10",  # link-local
        "fec0::/10",  # site-local, deprecated
        "ff00::/8",  # multicast
    )
)

MAPPED = IPv6Network("::ffff:0:0/96")
COMPATIBLE = IPv6Network("::/96")
SIIT = IPv6Network("::ffff:0:0:0/96")
NAT64 = IPv6Network("64:ff9b::/96")
NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
SIX_TO_FOUR = IPv6Network("2002::/16")
TEREDO = IPv6Network("2001::/32")
LAST_32_BITS = (MAPPED, COMPATIBLE, SIIT, NAT64)
ISATAP_MARKS = (0x00005EFE, 0x02005EFE)

# Names that mean this machine or its own network whatever a resolver answers (RFC 6761, 6762, 7686, 8375).
REFUSED_NAMES = ("localhost", "localdomain", "local", "internal", "intranet", "lan", "home.arpa", "onion")


def refused(ip: str) -> bool:
    """Whether the address, as text, must not be connected to; text that is not a plain address is refused as well."""
    try:
        address = ip_address(ip)
    except ValueError:
        return True
    if isinstance(address, IPv4Address):
        return _refused_v4(address)
    if address.scope_id is not None:
        return True
    embedded = _embedded(address)
    if embedded:
        return any(_refused_v4(ipv4_address) for ipv4_address in embedded) or _refused_carrier(address)
    return address not in GLOBAL_V6 or any(address in network for network in REFUSED_V6)


def name_refused(host: str) -> bool:
    """Whether the name (IDNA form, lower case) belongs to this machine or its network: no dot, or a local ending."""
    return "." not in host or any(host == name or host.endswith("." + name) for name in REFUSED_NAMES)


def _refused_v4(address: IPv4Address) -> bool:
    return any(address in network for network in REFUSED_V4)


def _refused_carrier(address: IPv6Address) -> bool:
    """An ISATAP address is checked by its prefix too: the ISATAP identifier may be inside a private network."""
    if any(address in network for network in (*LAST_32_BITS, NAT64_LOCAL, SIX_TO_FOUR, TEREDO)):
        return False
    return address not in GLOBAL_V6 or any(address in network for network in REFUSED_V6)


def _embedded(address: IPv6Address) -> list[IPv4Address]:
    """Every IPv4 address that a translator or tunnel may extract from this IPv6 address."""
    number = int(address)
    ipv4_addresses = []
    if any(address in network for network in LAST_32_BITS):
        ipv4_addresses.append(IPv4Address(number & 0xFFFFFFFF))
    if address in NAT64_LOCAL:
        ipv4_addresses += _nat64_local(number)
    if address in SIX_TO_FOUR:
        ipv4_addresses.append(IPv4Address(number >> 80 & 0xFFFFFFFF))
    if address in TEREDO:  # RFC 4380: the server, then the client with every bit inverted
        ipv4_addresses += [IPv4Address(number >> 64 & 0xFFFFFFFF), IPv4Address(~number & 0xFFFFFFFF)]
    if number >> 32 & 0xFFFFFFFF in ISATAP_MARKS:
        ipv4_addresses.append(IPv4Address(number & 0xFFFFFFFF))
    return ipv4_addresses


def _nat64_local(number: int) -> list[IPv4Address]:
    """The IPv4 addresses RFC 6052 embeds under a prefix of 48, 56, 64 or 96 bits: the operator's length is unknown."""
    octets = number.to_bytes(16, "big")
    candidates = (octets[6:8] + octets[9:11], octets[7:8] + octets[9:12], octets[9:13], octets[12:16])
    return [IPv4Address(candidate) for candidate in candidates]
