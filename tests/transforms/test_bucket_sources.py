"""Bucket sources become signed addresses on fixed endpoints, and nothing in a name leads elsewhere."""

from urllib.parse import parse_qs, urlsplit

import pytest

from imgapis.base.outbound import fetch, urls
from transforms.sources import bucket_sources

KEYS = {"region": "eu-west-1", "access_key": "customer", "secret_key": "secret"}


def address(**changes):
    """The address of an object with the customer's key."""
    defaults = {"endpoint": "https://s3.eu-west-1.amazonaws.com", "bucket": "pictures", "key": "a/b.jpg", **KEYS}
    return bucket_sources.object_url("s3", **{**defaults, **changes})


def test_an_object_is_addressed_with_the_customers_key_for_a_minute():
    """S15"""
    parts = urlsplit(address())
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path) == ("s3.eu-west-1.amazonaws.com", "/pictures/a/b.jpg")
    assert query["X-Amz-Credential"][0].startswith("customer/") and query["X-Amz-Expires"] == ["60"]
    assert "eu-west-1" in query["X-Amz-Credential"][0] and "secret" not in parts.query


def test_r2_signs_with_the_region_auto():
    url = bucket_sources.object_url("r2", endpoint="https://x.test", bucket="pictures", key="a", **KEYS)
    assert "%2Fauto%2Fs3" in url


@pytest.mark.parametrize("key", ["a b.jpg", "é/ü.jpg", "a+b&c=d?e#f.jpg", "100%.jpg", "%2e%2e/a.jpg", "~a'(b)*!.jpg"])
def test_the_parser_of_addresses_leaves_the_signed_path_as_it_was_signed(key):
    """The signature covers the path: the fetcher may not spell it anew."""
    url = address(key=key)
    location = urls.parse(url, private=frozenset())
    assert location.target.partition("?")[0] == urlsplit(url).path
    assert parse_qs(location.target.partition("?")[2]) == parse_qs(urlsplit(url).query)


@pytest.mark.parametrize(
    "bucket",
    ["", "a", "ab", "A-bucket", "a/b", "..", "a..b", ".ab", "ab.", "-ab", "ab-", "a_b", "10.0.0.1", "a" * 64,
     "a\nb", "abc\n", "a?b", "a#b", "a@b", "a%2fb", "a.-b"],
)  # fmt: skip
def test_a_bucket_name_with_a_trick_is_refused(bucket):
    """S15"""
    with pytest.raises(fetch.FetchError) as excinfo:
        address(bucket=bucket)
    assert excinfo.value.status == 400


@pytest.mark.parametrize("key", ["", "/a", "..", "a/../b", "./a", "a/.", "a\x00b", "a\r\nb", "é" * 513])
def test_an_object_name_with_a_trick_is_refused(key):
    """S15"""
    with pytest.raises(fetch.FetchError):
        address(key=key)


def test_endpoints_are_built_from_a_region_or_an_account_only(settings):
    """S15"""
    settings.S3_ENDPOINT = "https://s3.{region}.amazonaws.com"
    settings.R2_ENDPOINT = "https://{account}.r2.cloudflarestorage.com"
    assert bucket_sources.endpoint("s3", "us-gov-west-1") == "https://s3.us-gov-west-1.amazonaws.com"
    assert bucket_sources.endpoint("r2", "0" * 32) == f"https://{'0' * 32}.r2.cloudflarestorage.com"
    for kind, name in (
        ("s3", "evil.test/"),
        ("s3", ""),
        ("s3", "us-east-1\n"),
        ("r2", "evil.test#"),
        ("r2", "a" * 31),
    ):
        with pytest.raises(fetch.FetchError):
            bucket_sources.endpoint(kind, name)
