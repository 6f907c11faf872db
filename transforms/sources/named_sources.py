"""Creating, changing and deleting named sources, with the fields of each kind validated one by one."""

from django.conf import settings

from accounts import audit
from accounts.workspaces import counted, entitlements
from accounts.workspaces.counted import Counted
from imgapis.base import tokens, waiting
from imgapis.base.errors import ApiError
from imgapis.base.outbound import own_hosts, resolution, urls
from imgapis.base.outbound.fetch import FetchError
from transforms import store
from transforms.models import Source
from transforms.sources import bucket_sources, originals

KINDS = {"http": "Web server", "s3": "Amazon S3 bucket", "r2": "Cloudflare R2 bucket"}
RESERVED_NAMES = {"new"}  # a page of the dashboard has that path
LONGEST_PREFIX = 1024


class InvalidSourceSetting(ApiError):
    """A setting of a source is not valid."""

    code = "invalid_source_setting"


class TooManySources(ApiError):
    """The workspace has as many sources as it may."""

    status = 409
    code = "too_many_sources"


class SourceGone(ApiError):
    """The source was deleted meanwhile."""

    status = 404
    code = "source_gone"


SOURCES = Counted(
    kind="source",
    listed=lambda workspace_id: [row.name for row in store.sources(workspace_id)],
    exists=lambda name: False,  # the list is exact
    limit_of=lambda workspace: entitlements.of(workspace).sources,
    refusal=lambda limit: TooManySources(
        f"The plan of this workspace allows {limit} sources. A larger plan allows more."
    ),
)


def create(
    workspace_id: str, *, name: str, kind: str, prefix: str = "", bucket: str = "", region: str = "",
    access_key: str = "", secret_key: str = "", actor: str = "system",
) -> Source:  # fmt: skip
    """Create a source. `region` is the S3 region or the R2 account id; what the kind does not use is dropped.
    Raises InvalidSourceSetting with the field's name as `param`, SourceExists, TooManySources, EditConflict."""
    _check_name(name)
    _check(kind, prefix, bucket, region, access_key, secret_key)
    if kind == "http":
        bucket = region = access_key = secret_key = ""
        _require_public(workspace_id, prefix)
    row = Source(
        workspace_id, name, source_id=tokens.random_id("src"), revision=1, kind=kind, prefix=prefix, bucket=bucket,
        region=region, access_key=access_key, sealed_secret=tokens.seal(secret_key.encode()) if secret_key else "",
    )  # fmt: skip
    entry = audit.entry(workspace_id, actor, "source.created", name, after=public_fields(row))
    if not counted.add(SOURCES, workspace_id, name, lambda transaction: store.add_source(transaction, row), entry):
        raise store.SourceExists(f"This workspace has a source named {name}.", param="name")
    return row


def change(
    row: Source, *, prefix: str | None = None, bucket: str | None = None, region: str | None = None,
    access_key: str | None = None, secret_key: str | None = None, actor: str = "system",
) -> None:  # fmt: skip
    """Change a source in place; its name and kind stay, since they are part of addresses. None, and an empty secret,
    mean "as it was". Raises InvalidSourceSetting with `param`, SourceGone."""
    before = public_fields(row)
    values = {
        name: value
        for name, value in (("prefix", prefix), ("bucket", bucket), ("region", region), ("access_key", access_key))
        if value is not None and (name == "prefix" or row.kind != "http")
    }
    after = {name: values.get(name, getattr(row, name)) for name in ("prefix", "bucket", "region", "access_key")}
    if after["access_key"] != row.access_key and not secret_key:
        raise InvalidSourceSetting("A new access key comes with its own secret: enter it too.", param="secret_key")
    _check(row.kind, **after, secret_key=secret_key or ("kept" if row.sealed_secret else ""))
    if row.kind == "http" and after["prefix"] != row.prefix:
        _require_public(row.workspace_id, after["prefix"])
    if secret_key and row.kind != "http":
        values["sealed_secret"] = tokens.seal(secret_key.encode())
    if not store.change_source(row, **values):
        raise SourceGone(f"The source {row.name} was deleted meanwhile.")
    audit.record(row.workspace_id, actor, "source.changed", row.name, before, public_fields(row))


def delete(row: Source, actor: str = "system") -> None:
    """Delete a source; addresses that name it answer 404 within seconds. Idempotent."""
    store.delete_source(row)
    audit.record(row.workspace_id, actor, "source.deleted", row.name, before=public_fields(row))


def public_fields(row: Source) -> dict[str, str]:
    """The public settings of a source: all but its key and its secret."""
    names = ("name", "kind", "prefix") if row.kind == "http" else ("name", "kind", "bucket", "region", "prefix")
    return {name: getattr(row, name) for name in names}


def _check_name(name: str) -> None:
    if not originals.NAME.match(name):
        raise InvalidSourceSetting("A source's name is 1 to 63 of a-z, 0-9, - and _.", param="name")
    if name in RESERVED_NAMES:
        raise InvalidSourceSetting(f"The name {name} is reserved: choose another.", param="name")


def _check(kind: str, prefix: str, bucket: str, region: str, access_key: str, secret_key: str) -> None:
    if kind not in KINDS:
        raise InvalidSourceSetting("A source is of kind http, s3 or r2.", param="kind")
    if len(prefix) > LONGEST_PREFIX:
        raise InvalidSourceSetting(f"A prefix is at most {LONGEST_PREFIX} characters.", param="prefix")
    if kind == "http":
        _check_url(prefix)
    else:
        _check_bucket(kind, prefix, bucket, region, access_key, secret_key)


def _check_url(prefix: str) -> None:
    if not prefix.endswith("/") or "?" in prefix:
        raise InvalidSourceSetting(
            "Enter a URL that ends with / and has no query, such as https://shop.example/photos/.", param="prefix"
        )
    try:
        location = urls.parse(prefix)
    except FetchError as error:
        raise InvalidSourceSetting(error.message, param="prefix") from error
    if location.scheme == "http" and not settings.FETCH_ALLOW_HTTP:
        raise InvalidSourceSetting("Only https addresses are fetched.", param="prefix")
    if own_hosts.own_host(location.host):
        raise InvalidSourceSetting("This host is one of ours: name the server the originals lie on.", param="prefix")


def _require_public(workspace_id: str, prefix: str) -> None:
    """Refuse a web server that the guard would never dial (S1)."""
    location = urls.parse(prefix)
    try:
        with waiting.place(workspace_id):
            resolution.require_public(location)
    except FetchError as error:
        sentence = f"{location.host} has no public address: check the name, or set its DNS record first."
        raise InvalidSourceSetting(sentence, param="prefix") from error


def _check_bucket(kind: str, prefix: str, bucket: str, region: str, access_key: str, secret_key: str) -> None:
    if not bucket_sources.bucket_name_valid(bucket):
        raise InvalidSourceSetting("A bucket's name is 3 to 63 of a-z, 0-9, . and -.", param="bucket")
    try:
        bucket_sources.endpoint(kind, region)
    except FetchError as error:
        sentence = {
            "s3": "A region reads like eu-central-1.",
            "r2": "An account id is 32 characters of 0-9 and a-f, with .eu or .fedramp after it in a jurisdiction.",
        }[kind]
        raise InvalidSourceSetting(sentence, param="region") from error
    if prefix.startswith("/") or not prefix.isprintable() or {".", ".."} & set(prefix.split("/")):
        raise InvalidSourceSetting("A key prefix starts without / and holds no . or .. part.", param="prefix")
    if not access_key.isascii() or not access_key.isalnum() or len(access_key) > 128:
        raise InvalidSourceSetting("Enter the access key id of a key that may read the bucket.", param="access_key")
    if not secret_key or not secret_key.isprintable() or not secret_key.isascii() or len(secret_key) > 256:
        raise InvalidSourceSetting("Enter the secret access key that belongs to the access key id.", param="secret_key")
