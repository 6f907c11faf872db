"""Presigned URLs of objects in customers' buckets, for the guarded fetcher: signed with the customer's key."""

import re
from urllib.parse import quote, urlencode

from django.conf import settings

from imgapis.base import buckets
from imgapis.base.outbound import errors

SECONDS = 60
# Amazon's naming rules: labels of lower-case letters, digits and hyphens; not an IP address.
BUCKET = re.compile(r"(?=.{3,63}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
REGION = re.compile(r"[a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}")
ACCOUNT = re.compile(r"[0-9a-f]{32}(?:\.(?:eu|fedramp))?")
LONGEST_KEY = 1024  # bytes of UTF-8, Amazon's and Cloudflare's limit


def endpoint(kind: str, region: str) -> str:
    """The endpoint of an S3 region or an R2 account; built from the settings, never from free text (S15)."""
    pattern, template, name = {
        "s3": (REGION, settings.S3_ENDPOINT, "region"),
        "r2": (ACCOUNT, settings.R2_ENDPOINT, "account"),
    }[kind]
    if not pattern.fullmatch(region):
        raise errors.invalid(f"the bucket's {name} is malformed")
    return template.format(**{name: region})


def object_url(
    kind: str, *, endpoint: str, region: str, bucket: str, key: str, access_key: str, secret_key: str
) -> str:
    """The presigned URL of an object, valid for 60 seconds; FetchError `invalid_source` for a bucket or key that could
    lead elsewhere. R2 signs with the region `auto` whatever `region` is."""
    if not bucket_name_valid(bucket):
        raise errors.invalid("the bucket's name is malformed")
    if not key or len(key.encode()) > LONGEST_KEY or key.startswith("/"):
        raise errors.invalid("the object's name is malformed")
    if any(segment in (".", "..") for segment in key.split("/")) or not key.isprintable():
        raise errors.invalid("the object's name holds dot segments or control characters")
    signed_region = "auto" if kind == "r2" else region
    return buckets.presign(endpoint, signed_region, bucket, key, access_key, secret_key, seconds=SECONDS)


def listing_url(
    kind: str, *, endpoint: str, region: str, bucket: str, prefix: str, access_key: str, secret_key: str
) -> str:
    """The presigned URL that lists one object under a prefix: a read-only key should be denied this."""
    query = urlencode({"list-type": "2", "max-keys": "1", "prefix": prefix}, quote_via=quote)
    return _signed(kind, endpoint, region, bucket, "", access_key, secret_key, "GET", query)


def part_url(kind: str, *, endpoint: str, region: str, bucket: str, key: str, access_key: str, secret_key: str) -> str:
    """The presigned URL of a part of a multipart upload that does not exist: a key that may write gets 400, 404 or
    411, and nothing can be written; a key that may not is denied."""
    query = urlencode({"partNumber": "1", "uploadId": "never-begun"})
    return _signed(kind, endpoint, region, bucket, key, access_key, secret_key, "PUT", query)


def _signed(
    kind: str, endpoint: str, region: str, bucket: str, key: str, access_key: str, secret_key: str, method: str,
    query: str,
) -> str:  # fmt: skip
    if not bucket_name_valid(bucket):
        raise errors.invalid("the bucket's name is malformed")
    signed_region = "auto" if kind == "r2" else region
    return buckets.presign(
        endpoint, signed_region, bucket, key, access_key, secret_key, SECONDS, method=method, query=query
    )


def bucket_name_valid(name: str) -> bool:
    """Whether the name can be a bucket's: no slash, no empty label, not an IP address."""
    return bool(BUCKET.fullmatch(name)) and not ADDRESS.fullmatch(name)
