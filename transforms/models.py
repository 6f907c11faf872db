"""The rows of images: the named sources, custom domains, presets, fallbacks, blocks and purges."""

from dataclasses import replace

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment, Whole

ACCOUNT = DataHandling("account", "until erasure or deletion")


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


class DomainsOfWorkspace(GlobalSecondaryIndex):
    """Lists the domains of a workspace; no decision is read from it."""

    class Meta:
        index_name = "workspace"
        projection = AllProjection()

    workspace_id = UnicodeAttribute(hash_key=True)


class DueDomains(GlobalSecondaryIndex):
    """Finds domains to look at again; the lease decides."""

    class Meta:
        index_name = "due"
        projection = AllProjection()

    queue = UnicodeAttribute(hash_key=True)
    due = NumberAttribute(range_key=True)


class Domain(dynamo.Row):
    """The claim of a custom domain: one workspace has it, and serves pictures under it while its proof stands."""

    EVERY = "domains"

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("domains")

    domain = declared(UnicodeAttribute(hash_key=True), "is a host name that pictures are served under", ACCOUNT)
    claim_id = declared(UnicodeAttribute(), "tells this claim from an earlier one", ACCOUNT)
    workspace_id = declared(UnicodeAttribute(), "whose domain it is", ACCOUNT)
    txt_token = declared(UnicodeAttribute(), "is the proof its owner puts into DNS", ACCOUNT)
    state = declared(UnicodeAttribute(), "pending, verified, issuing, active, failing or removing", ACCOUNT)
    reason = declared(UnicodeAttribute(default=""), "why it is in that state, in a sentence", ACCOUNT)
    proven = declared(BooleanAttribute(default=False), "whether pictures are served under it", ACCOUNT)
    proved = declared(Moment(default=0), "when the proof was last seen", ACCOUNT)
    lapses = declared(Moment(default=0), "when an unproven claim may be taken by another", ACCOUNT)
    cloudflare_id = declared(UnicodeAttribute(default=""), "names the custom hostname at Cloudflare", ACCOUNT)
    created = declared(Moment(), "when it was added", ACCOUNT)
    checked = declared(Moment(default=0), "when it was last looked at", ACCOUNT)
    due = declared(Moment(), "when it is looked at again", ACCOUNT)
    queue = declared(UnicodeAttribute(default=EVERY), "lists domains by the time they are due", ACCOUNT)
    workspace_index = DomainsOfWorkspace()
    due_index = DueDomains()


class Preset(dynamo.Row):
    """A named set of parameters."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("presets")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose preset it is", ACCOUNT)
    name = declared(UnicodeAttribute(range_key=True), "is what addresses say", ACCOUNT)
    values = declared(
        JSONAttribute(), "the parameters it stands for, as texts by long-lived name", ACCOUNT, shape=shapes.TEXT_BY_NAME
    )
    saved = declared(Moment(), "when it was last changed", ACCOUNT)


class Fallback(dynamo.Row):
    """A picture that is sent instead of an error of a source."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("fallbacks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose fallback it is", ACCOUNT)
    name = declared(UnicodeAttribute(range_key=True), "is what addresses say", ACCOUNT)
    src = declared(UnicodeAttribute(), "which picture it is: a source and a path in it", ACCOUNT)
    status = declared(UnicodeAttribute(default="error"), "the status it is sent with: error or 200", ACCOUNT)
    saved = declared(Moment(), "when it was last changed", ACCOUNT)


class BlockRule(dynamo.Row):
    """What staff have stopped after a report: no picture of what fits is served, from the cache neither."""

    BLOCK = DataHandling("account", "until it is lifted, or erasure")

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("blocks")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose pictures it stops", BLOCK)
    rule_id = declared(UnicodeAttribute(range_key=True), "orders the blocks by time", BLOCK)
    scope = declared(UnicodeAttribute(), "picture, prefix or source", BLOCK)
    target = declared(UnicodeAttribute(), "what was stopped, as it was written", BLOCK)
    places = declared(
        JSONAttribute(), "where the originals that are stopped lie, or begin to", BLOCK, shape=shapes.TEXTS
    )
    moment = declared(Moment(), "when it was stopped", BLOCK)
    reason = declared(UnicodeAttribute(), "why, as its owner reads it", BLOCK)


class PurgeRule(dynamo.Row):
    """What was cached before a moment, and fits, is no longer served."""

    PURGE = DataHandling("account", "366 days: as long as anything it voids could live")

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("purges")

    workspace_id = declared(UnicodeAttribute(hash_key=True), "whose cache it purges", PURGE)
    rule_id = declared(UnicodeAttribute(range_key=True), "orders the rules by time", PURGE)
    scope = declared(UnicodeAttribute(), "url, prefix, source or workspace", PURGE)
    target = declared(UnicodeAttribute(default=""), "what was purged, as it was written", PURGE)
    names = declared(JSONAttribute(), "what was purged, as pictures are named in the cache", PURGE, shape=shapes.TEXTS)
    moment = declared(Moment(), "everything older is purged", PURGE)
    expires = declared(TTLAttribute(), "ends the rule when nothing older is left", PURGE)
