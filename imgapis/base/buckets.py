"""Object storage by the S3 API: the only module that imports boto3 and botocore."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

import boto3
from botocore.auth import S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from imgapis.base import breaker
from imgapis.base.breaker import Breaker

if TYPE_CHECKING:  # the stubs are no library of the running service
    from mypy_boto3_s3.client import S3Client

_making = Lock()
# A bucket that does not answer costs two seconds an attempt; meanwhile pictures are rendered without it.
SILENT_SECONDS = 15.0
ABSENT = ("NoSuchKey", "404", "NotFound")


class BucketError(Exception):
    """The bucket could not be reached or refused the call. The message names no key."""


@dataclass(frozen=True)
class StoredObject:
    """An object: its bytes, its content type and its metadata (lower-case names)."""

    body: bytes
    content_type: str
    metadata: dict[str, str]


def client(endpoint: str | None, region: str, access_key: str | None, secret_key: str | None) -> "S3Client":
    """One thread-safe client per endpoint and key."""
    with _making:  # boto3's default session is not safe to build clients from in several threads at once
        return _client(endpoint, region, access_key, secret_key)


@lru_cache(maxsize=16)
def _client(
    endpoint: str | None, region: str, access_key: str | None, secret_key: str | None, attempts: int = 2
) -> "S3Client":
    config = Config(
        connect_timeout=0.5,
        read_timeout=2,
        retries={"total_max_attempts": attempts},
        max_pool_connections=64,
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )


def cache_client() -> "S3Client":
    """The client of the bucket that holds our outputs."""
    return client(settings.CACHE_ENDPOINT, settings.CACHE_REGION, settings.CACHE_ACCESS_KEY, settings.CACHE_SECRET_KEY)


def quick_client() -> "S3Client":
    """The same bucket's client for image requests: one attempt a call, none for a while after a silent one (K7)."""
    with _making:
        return _quick_client(
            settings.CACHE_ENDPOINT, settings.CACHE_REGION, settings.CACHE_ACCESS_KEY, settings.CACHE_SECRET_KEY
        )


@lru_cache(maxsize=16)
def _quick_client(endpoint: str | None, region: str, access_key: str | None, secret_key: str | None) -> "S3Client":
    s3_client = _client(endpoint, region, access_key, secret_key, attempts=1)
    breaker.guard(s3_client, Breaker(pause=SILENT_SECONDS), again=False)
    return s3_client


def get(key: str) -> StoredObject | None:
    """The output stored under `key`; None where there is none; BucketError where the bucket does not answer."""
    try:
        response = quick_client().get_object(Bucket=settings.CACHE_BUCKET, Key=key)
        return StoredObject(response["Body"].read(), response["ContentType"], response["Metadata"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise BucketError("The cache bucket refused a read.") from error
    except (BotoCoreError, OSError) as error:
        raise BucketError("The cache bucket did not answer.") from error
    except Exception as error:
        # urllib3's errors surface while the body is read; they are not botocore's.
        raise BucketError("The cache bucket broke off.") from error


def facts(key: str) -> dict[str, str] | None:
    """The metadata of the output stored under `key`; None where there is none; BucketError where the bucket does not
    answer."""
    try:
        return quick_client().head_object(Bucket=settings.CACHE_BUCKET, Key=key)["Metadata"]
    except ClientError as error:
        if error.response["Error"]["Code"] in ABSENT:
            return None
        raise BucketError("The cache bucket refused a read.") from error
    except (BotoCoreError, OSError) as error:
        raise BucketError("The cache bucket did not answer.") from error


def put(key: str, stored: StoredObject) -> None:
    """Store an output; BucketError where it could not be."""
    try:
        quick_client().put_object(
            Bucket=settings.CACHE_BUCKET,
            Key=key,
            Body=stored.body,
            ContentType=stored.content_type,
            Metadata=stored.metadata,
        )
    except (ClientError, BotoCoreError, OSError) as error:
        raise BucketError("The cache bucket refused a write.") from error


def list_keys(since: float = 0.0, prefix: str = "") -> Iterator[str]:
    """The name of every output below a prefix that was stored since a moment; BucketError where the bucket does not
    answer."""
    try:
        pages = cache_client().get_paginator("list_objects_v2").paginate(Bucket=settings.CACHE_BUCKET, Prefix=prefix)
        for page in pages:
            for entry in page.get("Contents", ()):
                if entry["LastModified"].timestamp() >= since:
                    yield entry["Key"]
    except (ClientError, BotoCoreError, OSError) as error:
        raise BucketError("The cache bucket could not be listed.") from error


def delete_prefix(prefix: str) -> int:
    """Delete every output below a prefix; returns how many. BucketError where one is not confirmed; safe to repeat."""
    deleted = 0
    for name in list(list_keys(prefix=prefix)):
        try:
            cache_client().delete_object(Bucket=settings.CACHE_BUCKET, Key=name)
        except (ClientError, BotoCoreError, OSError) as error:
            raise BucketError("The cache bucket refused a deletion.") from error
        deleted += 1
    return deleted


def ensure_bucket(name: str) -> None:
    """Create a bucket where it is absent; BucketError where that fails. It is listed first, because a key that may only
    use the bucket cannot create one."""
    try:
        cache_client().list_objects_v2(Bucket=name, MaxKeys=1)
        return
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchBucket", "404", "NotFound"):
            raise BucketError(f"The bucket {name} may not be listed by this key.") from error
    except BotoCoreError as error:
        raise BucketError(f"The bucket {name} did not answer.") from error
    try:
        cache_client().create_bucket(Bucket=name)
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
            raise BucketError(f"The bucket {name} could not be created.") from error


def upload(bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Upload a file to a bucket of this installation: the demo's photographs."""
    cache_client().put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type)


def presign(
    endpoint: str,
    region: str,
    bucket: str,
    key: str,
    access_key: str,
    secret_key: str,
    seconds: int = 60,
    method: str = "GET",
    query: str = "",
) -> str:
    """A presigned URL of a customer's object or bucket, signed with the customer's own key (SigV4 query) and valid for
    `seconds`, so that the guarded fetcher reads buckets and web servers alike."""
    url = f"{endpoint}/{quote(bucket)}/{quote(key, safe='/~')}" + ("?" + query if query else "")
    request = AWSRequest(method=method, url=url)
    S3SigV4QueryAuth(Credentials(access_key, secret_key), "s3", region, expires=seconds).add_auth(request)
    assert request.url is not None  # given above, and signed since
    return request.url
