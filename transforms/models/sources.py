"""Named sources, by workspace and name."""

from dataclasses import replace
from typing import Any

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from imgapis.base import dynamo
from imgapis.base.dynamo import declared
from imgapis.base.measures import Moment, Seconds, Whole
from transforms.models.handling import ACCOUNT


class Source(dynamo.Row):
    """A named source: an HTTP prefix, an S3 bucket or an R2 bucket of the customer's."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("sources")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose source it is", ACCOUNT)
    name = declared(UnicodeAttribute(range_key=True), "is the first part of a src", ACCOUNT)
    source_id = declared(UnicodeAttribute(), "tells a re-created source from the old one in cache keys", ACCOUNT)
    revision = declared(Whole(), "tells an edited source from what it was in cache keys", ACCOUNT)
    kind = declared(UnicodeAttribute(), "http, s3 or r2", ACCOUNT)
    prefix = declared(UnicodeAttribute(default=""), "the URL or the key prefix before every path", ACCOUNT)
    bucket = declared(UnicodeAttribute(default=""), "the bucket's name", ACCOUNT)
    region = declared(UnicodeAttribute(default=""), "the S3 region, or the R2 account id", ACCOUNT)
    access_key = declared(UnicodeAttribute(default=""), "reads the bucket", replace(ACCOUNT, exported=False))
    sealed_secret = declared(
        UnicodeAttribute(default=""), "reads the bucket; encrypted", replace(ACCOUNT, exported=False)
    )
    fallback = declared(
        UnicodeAttribute(default=""),
        "the fallback of its pictures by default; none: none of them has one; empty: as the workspace says",
        ACCOUNT,
    )
    ttl = declared(Seconds(default=0), "how long its outputs live at most; 0 is as long as others", ACCOUNT)
    fresh_since = declared(Moment(default=0), "outputs made before had ended by an earlier ttl; 0 is never", ACCOUNT)
    origin_cache_control = declared(
        BooleanAttribute(default=False), "whether its server's Cache-Control bounds how long outputs live", ACCOUNT
    )


def find(workspace_id: str, name: str) -> Source | None:
    """One named source."""
    return Source.find(workspace_id, name)


def of_workspace(workspace_id: str) -> list[Source]:
    """Every named source of a workspace, by name."""
    return list(Source.query(workspace_id, consistent_read=True))


def add(transaction: dynamo.Transaction, row: Source) -> None:
    """Create a source in a transaction, where its name is free."""
    transaction.save(row, if_absent=True)


def change(row: Source, *, is_read_otherwise: bool, **values: Any) -> bool:
    """Change a source; False where it is gone, or its ttl has changed meanwhile. Where it is read otherwise its
    revision is raised, so that no old picture is served for it."""
    same_ttl = Source.ttl == row.ttl
    if not row.ttl:
        same_ttl = same_ttl | Source.ttl.does_not_exist()
    actions = [Source.revision.add(1)] if is_read_otherwise else []
    return row.update_if((Source.source_id == row.source_id) & same_ttl, actions, **values)


def delete(row: Source) -> None:
    """Delete a source; one created under its name meanwhile stays."""
    row.delete_if(Source.source_id == row.source_id)
