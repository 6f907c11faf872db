"""Buckets by the S3 API: presigned URLs of the customer's objects, signed with the customer's key, for the guarded
fetcher."""

import re
from abc import abstractmethod
from urllib.parse import quote, urlencode

from imgapis.base import buckets, tokens
from imgapis.base.outbound import errors, urls
from imgapis.base.outbound.fetch import FetchError
from imgapis.base.outbound.urls import Location
from transforms.models import Source
from transforms.sources.kinds.kind import Field, InvalidSourceSetting, Kind, SourceFile, SourceValues
from transforms.tenant import places

SECONDS = 60
# Amazon's naming rules: labels of lower-case letters, digits and hyphens; not an IP address.
BUCKET = re.compile(r"(?=.{3,63}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")
ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
LONGEST_KEY = 1024  # bytes of UTF-8, Amazon's and Cloudflare's limit

NAME = Field("bucket", "Bucket", "Its name, 3 to 63 of a-z, 0-9, . and -.", "Enter the bucket's name.")
CREDENTIALS = (
    Field(
        "prefix", "Key prefix (optional)", "Only objects below it are read, such as photos/. Empty: the whole bucket."
    ),
    Field("access_key", "Access key id", "Of a key that may read this bucket, no more.", "Enter the access key id."),
    Field(
        "secret_key",
        "Secret access key",
        "Kept encrypted, and never shown again.",
        "Enter the secret access key.",
        is_secret=True,
    ),
)


class BucketKind(Kind):
    """A kind whose service speaks the S3 API, at an endpoint that follows from the source's region."""

    is_bucket = True
    public_fields = ("bucket", "region", "prefix")
    # The sentence for a region that `endpoint` refuses.
    region_rule: str
    # Whether a key that may only read objects is denied the listing of its bucket.
    can_deny_listing: bool = True

    @abstractmethod
    def endpoint(self, region: str) -> str:
        """The endpoint of a region, built from the settings, never from free text (S15). FetchError `invalid_source`
        for a malformed region."""

    def signing_region(self, region: str) -> str:
        """The region that signatures name."""
        return region

    def client_endpoint(self, source: Source) -> str:
        """The endpoint that other S3 clients have to be told; empty where it follows from the region."""
        return self.endpoint(source.region)

    def check(self, values: SourceValues) -> None:
        """See Kind."""
        super().check(values)
        if not is_bucket_name(values.bucket):
            raise InvalidSourceSetting("A bucket's name is 3 to 63 of a-z, 0-9, . and -.", param="bucket")
        try:
            self.endpoint(values.region)
        except FetchError as error:
            raise InvalidSourceSetting(self.region_rule, param="region") from error
        prefix, access_key, secret_key = values.prefix, values.access_key, values.secret_key
        if prefix.startswith("/") or not prefix.isprintable() or {".", ".."} & set(prefix.split("/")):
            raise InvalidSourceSetting("A key prefix starts without / and holds no . or .. part.", param="prefix")
        if not access_key.isascii() or not access_key.isalnum() or len(access_key) > 128:
            raise InvalidSourceSetting("Enter the access key id of a key that may read the bucket.", param="access_key")
        if not secret_key or not secret_key.isprintable() or not secret_key.isascii() or len(secret_key) > 256:
            sentence = "Enter the secret access key that belongs to the access key id."
            raise InvalidSourceSetting(sentence, param="secret_key")

    def file(self, source: Source, path: str) -> SourceFile:
        """See Kind."""
        key = source.prefix + path
        place = places.of_object(self.endpoint(source.region), source.bucket, key)
        return SourceFile(key, place, lambda method: self.object_location(source, key, method))

    def scheme(self, source: Source) -> str:
        """See Kind."""
        return self.listing_location(source).scheme

    def display(self, source: Source) -> str:
        """See Kind."""
        return f"{source.bucket}/{source.prefix}"

    def object_location(self, source: Source, key: str, method: str = "GET") -> Location:
        """The presigned URL of an object, valid for 60 seconds; FetchError `invalid_source` for a bucket or a key that
        could lead elsewhere."""
        if not key or len(key.encode()) > LONGEST_KEY or key.startswith("/"):
            raise errors.invalid("the object's name is malformed")
        if any(segment in (".", "..") for segment in key.split("/")) or not key.isprintable():
            raise errors.invalid("the object's name holds dot segments or control characters")
        return self._signed(source, key, method)

    def listing_location(self, source: Source) -> Location:
        """The presigned URL that lists one object under the prefix: a read-only key should be denied this."""
        query = urlencode({"list-type": "2", "max-keys": "1", "prefix": source.prefix}, quote_via=quote)
        return self._signed(source, "", query=query)

    def part_location(self, source: Source, key: str) -> Location:
        """The presigned URL of a part of a multipart upload that does not exist: a key that may write gets 400, 404 or
        411, and nothing can be written; a key that may not is denied."""
        query = urlencode({"partNumber": "1", "uploadId": "never-begun"})
        return self._signed(source, key, method="PUT", query=query)

    def _signed(self, source: Source, key: str, method: str = "GET", query: str = "") -> Location:
        if not is_bucket_name(source.bucket):
            raise errors.invalid("the bucket's name is malformed")
        url = buckets.presign(
            self.endpoint(source.region),
            self.signing_region(source.region),
            source.bucket,
            key,
            source.access_key,
            tokens.unseal(source.sealed_secret).decode(),
            seconds=SECONDS,
            method=method,
            query=query,
        )
        return urls.parse(url)


def is_bucket_name(name: str) -> bool:
    """Whether the name can be a bucket's: no slash, no empty label, not an IP address."""
    return bool(BUCKET.fullmatch(name)) and not ADDRESS.fullmatch(name)
