"""Allow-lists match whole labels of the IDNA form, and nothing by accident."""

import contextlib
from types import SimpleNamespace

import pytest

from imgapis.base.outbound import urls
from transforms.access import origins
from transforms.tenant import patterns

HOSTS = [
    ("*", "anything.test", True),
    ("*", "8.8.8.8", True),
    ("example.com", "example.com", True),
    ("EXAMPLE.com.", "example.com", True),
    ("bücher.example", "xn--bcher-kva.example", True),
    ("*.bücher.example", "a.xn--bcher-kva.example", True),
    ("example.com", "a.example.com", False),
    ("example.com", "example.com.evil.test", False),
    ("example.com", "evilexample.com", False),
    ("example.com", "examplexcom", False),
    ("example.com", "example.co", False),
    ("*.example.com", "a.example.com", True),
    ("*.example.com", "a.b.example.com", True),
    ("*.example.com", "example.com", False),
    ("*.example.com", "evilexample.com", False),
    ("*.example.com", "aexample.com", False),
    ("*.example.com", "a.example.com.evil.test", False),
    ("example.*", "example.com", False),
    ("ex*mple.com", "example.com", False),
    (".example.com", "a.example.com", False),
    (".*", "example.com", False),
    ("", "example.com", False),
    ("*.", "example.com", False),
    ("**", "example.com", False),
    ("8.8.8.8", "8.8.8.8", True),
    ("[2606:4700::1]", "2606:4700::1", True),
    ("*.8.8.8", "8.8.8.8", False),
    ("http://example.com", "example.com", False),
    ("example.com:80", "example.com", False),
]


@pytest.mark.parametrize(("pattern", "host", "fits"), HOSTS, ids=ascii)
def test_a_host_fits_its_pattern_label_by_label(pattern, host, fits):
    """S10"""
    assert patterns.host_allowed([pattern], host) is fits
    assert patterns.host_allowed(["other.test", pattern], host) is fits


ORIGINS = [
    ("*", "null", True),
    ("example.com", "https://example.com", True),
    ("example.com", "http://example.com:8080", True),
    ("https://example.com", "https://example.com", True),
    ("https://example.com", "https://example.com:443", True),
    ("https://example.com:443", "https://example.com", True),
    ("https://example.com", "http://example.com", False),
    ("https://example.com", "https://example.com:8443", False),
    ("https://example.com", "http://example.com:443", False),
    ("https://example.com:8443", "http://example.com:8443", False),
    ("https://example.com:*", "https://example.com:8443", True),
    ("https://example.com:*", "http://example.com:8443", False),
    ("https://example.com:8443", "https://example.com:8443", True),
    ("example.com:8443", "http://example.com:8443", True),
    ("example.com:8443", "https://example.com", False),
    ("*.example.com", "https://a.b.example.com:1", True),
    ("https://*.example.com", "https://a.example.com", True),
    ("*.example.com", "https://example.com", False),
    ("*.example.com", "https://a.example.com.evil.test", False),
    ("example.com", "https://EXAMPLE.com", True),
    ("example.com", "https://evilexample.com", False),
    ("example.com", "https://example.com.evil.test", False),
    ("example.com", "https://example.com@evil.test", False),
    ("example.com", "https://evil.test#example.com", False),
    ("example.com", "https://example.com/", False),
    ("example.com", "example.com", False),
    ("example.com", "null", False),
    ("example.com", "", False),
    ("example.com", "file://example.com", False),
    ("example.com", "https://*.example.com", False),
    ("localhost", "http://localhost:3000", True),
    ("http://127.0.0.1:3000", "http://127.0.0.1:3000", True),
    ("[::1]", "http://[::1]:3000", True),
    ("http://", "http://example.com", False),
]


@pytest.mark.parametrize(("pattern", "origin", "fits"), ORIGINS)
def test_an_origin_fits_its_pattern_as_it_is_written_and_as_it_is_stored(pattern, origin, fits):
    """S10"""
    assert patterns.origin_allowed([pattern], origin) is fits
    with contextlib.suppress(patterns.PatternError):  # one that cannot be written
        assert patterns.origin_allowed([patterns.origin_pattern(pattern)], origin) is fits


@pytest.mark.parametrize("text", ["", "*.", "**", "a b", "http://a", "a/b", "*.8.8.8.8", "*.*.com", "a:80", "-a.com"])
def test_a_malformed_host_pattern_is_refused_when_it_is_written(text):
    with pytest.raises(patterns.PatternError):
        patterns.host_pattern(text)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [("*", "*"), ("A.Test:80", "a.test:80"), ("https://A.test:443", "https://a.test"), ("*.Ü.test", "*.xn--tda.test")],
)
def test_a_pattern_has_one_spelling(text, canonical):
    assert patterns.origin_pattern(text) == canonical
    assert patterns.origin_pattern(canonical) == canonical


def test_an_empty_list_allows_nothing():
    assert not patterns.host_allowed([], "example.com")
    assert not patterns.origin_allowed([], "https://example.com")


def test_the_host_that_is_checked_is_the_host_that_is_dialled():
    """S9 S10"""
    host = urls.parse("https://BÜCHER.example./a", private=frozenset()).host
    assert patterns.host_allowed(["bücher.example"], host)


@pytest.mark.parametrize("origin", ["null", "https://evil.test", "https://shop.example.evil.test", "shop.example", "x"])
def test_a_site_that_is_not_listed_is_refused_and_so_is_one_that_hides_its_name(origin):
    """C3: `null` is what a sandboxed frame sends. Suspended is refused whoever asks (K6)."""
    tenant = SimpleNamespace(suspended=False, allowed_origins=("shop.example",))
    with pytest.raises(origins.OriginNotAllowed):
        origins.check(tenant, origin)
    for known in (None, "", "https://shop.example"):
        origins.check(tenant, known)
        with pytest.raises(origins.Suspended):
            origins.check(SimpleNamespace(suspended=True, allowed_origins=("*",)), known)
