"""What tests of custom domains share: a DNS server, a Cloudflare stub, and the settings that lead to them."""

import itertools
import os

import pytest

from imgapis.base import clock
from tests.stubs import cloudflare_api
from tests.stubs.cloudflare_api import CloudflareApi
from tests.stubs.names import NameServer

_numbers = itertools.count(1)


def fresh_domain() -> str:
    """A domain no other test uses."""
    return f"img-{next(_numbers)}-{os.getpid()}.shop.example"


@pytest.fixture
def names(settings):
    """A DNS server that the product asks."""
    server = NameServer()
    settings.DNS_RESOLVER = server.address
    yield server
    server.stop()


@pytest.fixture
def cloudflare(settings):
    """A Cloudflare that the product is configured for."""
    api = CloudflareApi()
    settings.CLOUDFLARE_API_URL = api.url
    settings.CLOUDFLARE_API_TOKEN = cloudflare_api.TOKEN
    settings.CLOUDFLARE_ZONE_ID = cloudflare_api.ZONE
    yield api
    api.stop()


@pytest.fixture
def clock_at(monkeypatch):
    """Sets the clock to so many seconds from now."""
    now = clock.now

    def move(seconds: float) -> None:
        monkeypatch.setattr("imgapis.base.clock.now", lambda: now() + seconds)

    return move
