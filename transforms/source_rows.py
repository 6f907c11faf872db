"""Making and changing named sources: what each kind needs, checked by name."""

from imgapis.base import tokens
from imgapis.base.errors import Refusal
from transforms import bucket_sources, locations, sources, store
from transforms.models import Source

KINDS = ("http", "s3", "r2")


class InvalidSourceSetting(Refusal):
    """A source cannot be set up so."""

    code = "invalid_source_setting"


def create(
    workspace_id: str, *, name: str, kind: str, prefix: str = "", bucket: str = "", region: str = "",
    access_key: str = "", secret_key: str = "",
) -> Source:  # fmt: skip
    """Create a source. `region` is the S3 region or the R2 account id. Raises InvalidSourceSetting, SourceExists."""
    _check(name, kind, prefix, bucket, region, access_key, secret_key)
    row = Source(
        workspace_id, name, source_id=tokens.random_id("src"), revision=1, kind=kind, prefix=prefix, bucket=bucket,
        region=region, access_key=access_key, sealed_secret=tokens.seal(secret_key.encode()) if secret_key else "",
    )  # fmt: skip
    store.create_source(row)
    return row


def _check(name: str, kind: str, prefix: str, bucket: str, region: str, access_key: str, secret_key: str) -> None:
    if not sources.NAME.match(name):
        raise InvalidSourceSetting("A source's name is 1 to 63 of a-z, 0-9, - and _.", param="name")
    if kind not in KINDS:
        raise InvalidSourceSetting("A source is of kind http, s3 or r2.", param="kind")
    if kind == "http":
        if not prefix.endswith("/"):
            raise InvalidSourceSetting("An HTTP source has a URL prefix that ends with /.", param="prefix")
        locations.parse(prefix)
        return
    if not bucket_sources.bucket_name_valid(bucket):
        raise InvalidSourceSetting("A bucket's name is 3 to 63 of a-z, 0-9, . and -.", param="bucket")
    bucket_sources.endpoint(kind, region)
    if not access_key or not secret_key:
        raise InvalidSourceSetting("A bucket is read with the customer's own key and secret.", param="access_key")
