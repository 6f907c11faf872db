"""The rows of images: the named sources."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import kept

ACCOUNT = {"category": "account", "retention": "until erasure or deletion"}


class Source(dynamo.Row):
    """A named source: an HTTP prefix, an S3 bucket or an R2 bucket of the customer's."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("sources")

    workspace_id = kept(UnicodeAttribute(hash_key=True), "whose source it is", **ACCOUNT)
    name = kept(UnicodeAttribute(range_key=True), "is the first part of a src", **ACCOUNT)
    source_id = kept(UnicodeAttribute(), "tells a re-created source from the old one in cache keys", **ACCOUNT)
    revision = kept(NumberAttribute(), "tells an edited source from what it was in cache keys", **ACCOUNT)
    kind = kept(UnicodeAttribute(), "http, s3 or r2", **ACCOUNT)
    prefix = kept(UnicodeAttribute(default=""), "the URL or the key prefix before every path", **ACCOUNT)
    bucket = kept(UnicodeAttribute(default=""), "the bucket's name", **ACCOUNT)
    region = kept(UnicodeAttribute(default=""), "the S3 region, or the R2 account id", **ACCOUNT)
    access_key = kept(UnicodeAttribute(default=""), "reads the bucket", exported=False, **ACCOUNT)
    sealed_secret = kept(UnicodeAttribute(default=""), "reads the bucket; encrypted", exported=False, **ACCOUNT)
