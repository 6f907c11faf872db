"""Kinds of source: buckets become signed addresses on fixed endpoints, nothing in a name leads elsewhere, and a kind
is one object."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from imgapis.base import buckets, tokens
from imgapis.base.outbound import fetch, urls
from imgapis.privacy import portability
from tests.origin import picture
from transforms import source_forms
from transforms.doctor import examination
from transforms.models import Source
from transforms.sources import named_sources, originals
from transforms.sources.kinds.registry import KINDS
from transforms.sources.kinds.s3 import S3Bucket
from transforms.tenant import tenants


def location(kind="s3", key="a/b.jpg", **changes):
    """The location of an object with the customer's key."""
    values = {"bucket": "pictures", "region": "eu-west-1", "access_key": "customer"} | changes
    row = Source("ws_kinds", "photos", kind=kind, sealed_secret=tokens.seal(b"secret"), **values)
    return KINDS[kind].object_location(row, key)


@pytest.mark.parametrize("path", ["a/../b", "./a", "a/%2e%2e/b", "a/.%2E", "%2e/a", "a\\b", "a\nb", "a\x7fb"])
def test_a_path_that_could_lead_out_of_its_source_is_refused_before_its_kind_is_asked(path):
    """Servers may decode once more than we do."""
    with pytest.raises(originals.InvalidSource):
        originals._checked_path(path)
    assert originals._checked_path("a/..b/.c/%2e%2ed") == "a/..b/.c/%2e%2ed"


@pytest.fixture(autouse=True)
def endpoints(settings):
    """The endpoints of production."""
    settings.S3_ENDPOINT = "https://s3.{region}.amazonaws.com"
    settings.R2_ENDPOINT = "https://{account}.r2.cloudflarestorage.com"


def test_an_object_is_addressed_with_the_customers_key_for_a_minute():
    """S15"""
    parts = urlsplit(location().canonical)
    query = parse_qs(parts.query)
    assert (parts.netloc, parts.path) == ("s3.eu-west-1.amazonaws.com", "/pictures/a/b.jpg")
    assert query["X-Amz-Credential"][0].startswith("customer/") and query["X-Amz-Expires"] == ["60"]
    assert "eu-west-1" in query["X-Amz-Credential"][0] and "secret" not in parts.query


def test_r2_signs_with_the_region_auto():
    assert "%2Fauto%2Fs3" in location("r2", region="0" * 32).target


@pytest.mark.parametrize("key", ["a b.jpg", "é/ü.jpg", "a+b&c=d?e#f.jpg", "100%.jpg", "%2e%2e/a.jpg", "~a'(b)*!.jpg"])
def test_the_parser_of_addresses_leaves_the_signed_path_as_it_was_signed(key):
    """The signature covers the path: the fetcher may not spell it anew."""
    url = buckets.presign("https://s3.eu-west-1.amazonaws.com", "eu-west-1", "pictures", key, "customer", "secret")
    parsed = urls.parse(url, private=frozenset())
    assert parsed.target.partition("?")[0] == urlsplit(url).path == location(key=key).target.partition("?")[0]
    assert parse_qs(parsed.target.partition("?")[2]) == parse_qs(urlsplit(url).query)


@pytest.mark.parametrize(
    "bucket",
    [
        "",
        "a",
        "ab",
        "A-bucket",
        "a/b",
        "..",
        "a..b",
        ".ab",
        "ab.",
        "-ab",
        "ab-",
        "a_b",
        "10.0.0.1",
        "a" * 64,
        "a\nb",
        "abc\n",
        "a?b",
        "a#b",
        "a@b",
        "a%2fb",
        "a.-b",
    ],
)
def test_a_bucket_name_with_a_trick_is_refused(bucket):
    """S15"""
    with pytest.raises(fetch.FetchError) as excinfo:
        location(bucket=bucket)
    assert excinfo.value.status == 400


@pytest.mark.parametrize("key", ["", "/a", "..", "a/../b", "./a", "a/.", "a\x00b", "a\r\nb", "é" * 513])
def test_an_object_name_with_a_trick_is_refused(key):
    """S15"""
    with pytest.raises(fetch.FetchError):
        location(key=key)


def test_endpoints_are_built_from_a_region_or_an_account_only():
    """S15"""
    assert KINDS["s3"].endpoint("us-gov-west-1") == "https://s3.us-gov-west-1.amazonaws.com"
    assert KINDS["r2"].endpoint("0" * 32) == f"https://{'0' * 32}.r2.cloudflarestorage.com"
    for kind, name in (
        ("s3", "evil.test/"),
        ("s3", ""),
        ("s3", "us-east-1\n"),
        ("r2", "evil.test#"),
        ("r2", "a" * 31),
    ):
        with pytest.raises(fetch.FetchError):
            KINDS[kind].endpoint(name)


class MinioBucket(S3Bucket):
    """A kind of the test's own: a bucket at one endpoint."""

    name = "minio"
    title = "MinIO bucket"
    region_rule = "A region is empty."

    def endpoint(self, region: str) -> str:
        """The bucket server of the tests."""
        return settings.CACHE_ENDPOINT

    def client_endpoint(self, source: Source) -> str:
        """As other clients are told it."""
        return "https://minio.example"


def test_a_new_kind_is_one_object(workspace, bucket, monkeypatch):
    """It is entered, validated, read, examined and exported with nothing else that knows of it."""
    monkeypatch.setitem(KINDS, "minio", MinioBucket())
    customers_bucket = f"minio-{workspace.namespace}"
    buckets.ensure_bucket(customers_bucket)
    buckets.upload(customers_bucket, "deep/photo.jpg", picture(size=(91, 57)), "image/jpeg")
    data = {
        "name": "own",
        "bucket": customers_bucket,
        "region": "us-east-1",
        "prefix": "deep/",
        "access_key": "embedded",
        "secret_key": "embeddedsecret",
    }
    form = source_forms.new(KINDS["minio"], data)
    assert form.is_valid(), form.errors
    row = named_sources.create(workspace.workspace_id, kind="minio", **form.cleaned_data)
    assert "access_key" in source_forms.change(row).fields and "secret" not in str(named_sources.public_fields(row))
    tenant = tenants.of_row(workspace, workspace.namespace)
    assert originals.resolve(tenant, "own/photo.jpg").fetch().body == picture(size=(91, 57))
    diagnosis = examination.examine(tenant, row, "photo.jpg")
    assert diagnosis.failed is None and customers_bucket in diagnosis.policy
    migration_files = {name: "".join(lines) for name, lines in portability.files(workspace.workspace_id)}
    assert "IMGPROXY_S3_ENDPOINT=https://minio.example" in migration_files["leave-us/imgproxy.env"]
