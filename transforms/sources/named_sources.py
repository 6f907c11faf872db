"""Creating, changing and deleting named sources, with the fields of each kind validated one by one."""

from typing import Any

from accounts import audit
from accounts.workspaces import counted, entitlements
from accounts.workspaces.counted import Counted
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError, EditConflict
from transforms.models import Source, sources
from transforms.sources import lifetimes, originals
from transforms.sources.kinds.kind import InvalidSourceSetting, Kind, SourceValues
from transforms.sources.kinds.registry import KINDS, kind_of

RESERVED_NAMES = {"new"}  # a page of the dashboard has that path


class TooManySources(ApiError):
    """The workspace has as many sources as it may."""

    status = 409
    code = "too_many_sources"


class SourceExists(ApiError):
    """The workspace has a source of that name."""

    status = 409
    code = "source_exists"


class SourceGone(ApiError):
    """The source was deleted meanwhile."""

    status = 404
    code = "source_gone"


SOURCES = Counted(
    kind="source",
    listed=lambda workspace_id: [row.name for row in sources.of_workspace(workspace_id)],
    exists=lambda name: False,  # the list is exact
    limit_of=lambda workspace: entitlements.of(workspace).sources,
    refusal=lambda limit: TooManySources(
        f"The plan of this workspace allows {limit} sources. A larger plan allows more."
    ),
)


def create(
    workspace_id: str,
    *,
    name: str,
    kind: str,
    prefix: str = "",
    bucket: str = "",
    region: str = "",
    access_key: str = "",
    secret_key: str = "",
    ttl: int = 0,
    origin_cache_control: bool = False,
    actor: str = "system",
) -> Source:
    """Create a source. `region` is the S3 region or the R2 account id; what the kind does not use is dropped. `ttl` is
    how long outputs live at most, in seconds (0: as others), `origin_cache_control` whether its server's Cache-Control
    bounds that. Raises InvalidSourceSetting with the field's name as `param`, SourceExists, TooManySources,
    EditConflict."""
    _check_name(name)
    source_kind = _kind(kind)
    values = SourceValues(prefix, bucket, region, access_key, secret_key).only(source_kind.field_names)
    source_kind.check(values)
    _check_ttl(ttl)
    source_kind.check_reachable(workspace_id, values.prefix)
    row = Source(
        workspace_id,
        name,
        source_id=tokens.random_id("src"),
        revision=1,
        kind=kind,
        prefix=values.prefix,
        bucket=values.bucket,
        region=values.region,
        access_key=values.access_key,
        sealed_secret=tokens.seal(values.secret_key.encode()) if values.secret_key else "",
        ttl=ttl,
        origin_cache_control=origin_cache_control,
    )
    entry = audit.entry(workspace_id, actor, "source.created", name, after=public_fields(row))
    if not counted.add(SOURCES, workspace_id, name, lambda transaction: sources.add(transaction, row), entry):
        raise SourceExists(f"This workspace has a source named {name}.", param="name")
    return row


def change(
    row: Source,
    *,
    prefix: str | None = None,
    bucket: str | None = None,
    region: str | None = None,
    access_key: str | None = None,
    secret_key: str | None = None,
    ttl: int | None = None,
    origin_cache_control: bool | None = None,
    actor: str = "system",
) -> None:
    """Change a source in place; its name and kind stay, since they are part of addresses. None, and an empty secret,
    mean "as it was". With `ttl` or `origin_cache_control` alone its pictures stay what they are, as far as they are new
    enough. Raises InvalidSourceSetting with `param`, SourceGone, EditConflict."""
    before, kind = public_fields(row), kind_of(row)
    given = {"prefix": prefix, "bucket": bucket, "region": region, "access_key": access_key}
    changes = {name: value for name, value in given.items() if value is not None and name in kind.field_names}
    after = {name: changes.get(name, getattr(row, name)) for name in given}
    if after["access_key"] != row.access_key and not secret_key:
        raise InvalidSourceSetting("A new access key comes with its own secret: enter it too.", param="secret_key")
    kind.check(SourceValues(**after, secret_key=secret_key or ("as it was" if row.sealed_secret else "")))
    if after["prefix"] != row.prefix:
        kind.check_reachable(row.workspace_id, after["prefix"])
    if secret_key and "secret_key" in kind.field_names:
        changes["sealed_secret"] = tokens.seal(secret_key.encode())
    lives = _lifetime_changes(row, ttl, origin_cache_control)
    is_read_otherwise = bool(secret_key) or not lives or any(value is not None for value in given.values())
    if not sources.change(row, is_read_otherwise=is_read_otherwise, **changes, **lives):
        current = sources.find(row.workspace_id, row.name)
        if current is not None and current.source_id == row.source_id:
            raise EditConflict
        raise SourceGone(f"The source {row.name} was deleted meanwhile.")
    audit.record(row.workspace_id, actor, "source.changed", row.name, before, public_fields(row))


def delete(row: Source, actor: str = "system") -> None:
    """Delete a source; addresses that name it answer 404 within seconds. Idempotent."""
    sources.delete(row)
    audit.record(row.workspace_id, actor, "source.deleted", row.name, before=public_fields(row))


def public_fields(row: Source) -> dict[str, Any]:
    """The public settings of a source: all but its key and its secret."""
    fields = {name: getattr(row, name) for name in ("name", "kind", *kind_of(row).public_fields)}
    return fields | {"ttl": int(row.ttl), "origin_cache_control": bool(row.origin_cache_control)}


def _lifetime_changes(row: Source, ttl: int | None, origin_cache_control: bool | None) -> dict[str, Any]:
    """The attributes to set for a new ttl and for whether Cache-Control counts. Raises InvalidSourceSetting."""
    changes: dict[str, Any] = {}
    if ttl is not None:
        _check_ttl(ttl)
        fresh_since = lifetimes.fresh_since(lifetimes.of_source(row), ttl, clock.now())
        changes = {"ttl": ttl, "fresh_since": fresh_since}
    if origin_cache_control is not None:
        changes["origin_cache_control"] = origin_cache_control
    return changes


def _check_ttl(ttl: int) -> None:
    if ttl and not lifetimes.SHORTEST_SECONDS <= ttl <= lifetimes.LONGEST_SECONDS:
        raise InvalidSourceSetting("A ttl is 60 to 31536000 seconds; 0 is none.", param="ttl")


def _kind(name: str) -> Kind:
    if name not in KINDS:
        *others, last = KINDS
        raise InvalidSourceSetting(f"A source is of kind {', '.join(others)} or {last}.", param="kind")
    return KINDS[name]


def _check_name(name: str) -> None:
    if not originals.NAME.match(name):
        raise InvalidSourceSetting("A source's name is 1 to 63 of a-z, 0-9, - and _.", param="name")
    if name in RESERVED_NAMES:
        raise InvalidSourceSetting(f"The name {name} is reserved: choose another.", param="name")
