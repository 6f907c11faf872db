"""Hosts that are ours: a request of ours to one of them would loop (S17)."""

from collections.abc import Callable

from django.conf import settings

_checks: list[Callable[[str], bool]] = []


def register(check: Callable[[str], bool]) -> None:
    """Add a check that knows more hosts of ours: customers' own domains, which an app further right keeps."""
    _checks.append(check)


def own_host(host: str) -> bool:
    """Whether a host is ours, a customer's own domain included: fetching ourselves would loop (S17)."""
    below = host == settings.IMAGE_DOMAIN or host.endswith("." + settings.IMAGE_DOMAIN)
    return below or any(check(host) for check in _checks)
