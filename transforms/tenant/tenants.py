"""The workspace of an image host, as the image API needs it: cached for 5 s, for 15 minutes in an outage."""

import hashlib
import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson
from cachetools import LRUCache
from pynamodb.exceptions import PynamoDBException

from accounts.keys import apikeys
from accounts.models import Workspace
from accounts.models import workspaces as workspace_rows
from accounts.workspaces import entitlements, workspaces
from accounts.workspaces.entitlements import Limits
from billing.plans import periods
from billing.plans.periods import Terms
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from transforms.models import Source, domains
from transforms.models import sources as source_rows
from transforms.tenant import rulebook
from transforms.tenant.rulebook import WorkspaceRules

FRESH_SECONDS = 5.0
STALE_SECONDS = 900.0
MOST_TENANTS = 5_000
MOST_ABSENT = 5_000


class StateUnavailable(ApiError):
    """DynamoDB does not answer, and nothing recent enough is cached."""

    status = 503
    code = "state_unavailable"

    def __init__(self) -> None:
        super().__init__("The workspace's settings could not be read just now. Ask again in a moment.", retry_after=2)


@dataclass(frozen=True)
class SigningKey:
    """A live signing key: its id, which is part of every signature, and its secret, a text."""

    key_id: str
    secret: str


@dataclass(frozen=True)
class Tenant:
    """A workspace's settings and the three subkeys of its key: for cache keys, for claims, for its folder. Two readings
    with the same `revision`, a digest of the rows they were made of, answer every request alike."""

    workspace_id: str
    namespace: str
    cache_key: bytes
    claim_key: bytes
    folder: str
    allowed_origins: tuple[str, ...]
    allowed_sources: tuple[str, ...]
    terms: Terms
    limits: Limits
    suspended: bool
    sources: dict[str, Source]
    signing_required: bool
    signing_keys: tuple[SigningKey, ...]
    presets_only: bool
    refused: str
    fallback: str
    origin_cache_control: bool
    engine: int
    rules: WorkspaceRules
    revision: str = ""


@dataclass
class CachedTenant:
    """The tenant of a host, None where there is none; when it was read, and when the store last failed to read it
    again (monotonic seconds)."""

    tenant: Tenant | None
    read_at: float
    failed_at: float = -math.inf


_known: LRUCache[str, CachedTenant] = LRUCache(MOST_TENANTS)
# Apart, so that hosts anybody makes up push no tenant out (H15).
_absent: LRUCache[str, CachedTenant] = LRUCache(MOST_ABSENT)
_lock = threading.Lock()


def of_namespace(namespace: str) -> Tenant | None:
    """The tenant of a namespace; None where there is none. Raises StateUnavailable."""
    return _fresh(namespace, _read)


def of_domain(domain: str) -> Tenant | None:
    """The tenant of a custom domain that is proven (A15); None for any other host. Raises StateUnavailable."""
    return _fresh(domain, _read_domain) if "." in domain else None


def remembered(name: str) -> Tenant | None:
    """What `of_namespace` or `of_domain` answers from memory; None where it would have to read."""
    entry = _cached(name)
    return entry.tenant if entry is not None and _is_fresh(entry) else None


def of_row(row: Workspace, namespace: str) -> Tenant:
    """The tenant of a workspace's current row, past the cache: for callers that have just changed it."""
    key = workspaces.key(row)
    sources = list(source_rows.of_workspace(row.workspace_id))
    live_keys = [each for each in row.signing_keys if apikeys.holds(each.get("made_by", ""))]
    return Tenant(
        workspace_id=row.workspace_id,
        namespace=namespace,
        cache_key=tokens.subkey(key, "cache"),
        claim_key=tokens.subkey(key, "claim"),
        folder=tokens.subkey(key, "folder").hex()[:32],
        allowed_origins=tuple(row.allowed_origins),
        allowed_sources=tuple(row.allowed_sources),
        terms=periods.terms_of(row),
        limits=entitlements.of(row),
        suspended=bool(row.suspended),
        sources={source.name: source for source in sources},
        signing_required=row.signing == "required",
        signing_keys=tuple(SigningKey(each["id"], tokens.unseal(each["sealed"]).decode()) for each in live_keys),
        presets_only=bool(row.presets_only),
        refused=row.refused,
        fallback=row.fallback,
        origin_cache_control=bool(row.origin_cache_control),
        engine=int(row.engine),
        rules=rulebook.of(row.workspace_id, int(row.rules_revision)),
        revision=_revision(namespace, row, sources, [each["id"] for each in live_keys]),
    )


def _revision(namespace: str, row: Workspace, sources: Iterable[Source], live_keys: list[str]) -> str:
    """A digest of what a tenant is made of; presets, fallbacks, purges and blocks count by the row's revision. Which
    signing keys are live is not in the row alone: one ends with the API key that made it."""
    rows = [row.serialize(), *sorted((source.serialize() for source in sources), key=repr)]
    text = orjson.dumps([namespace, live_keys, rows], default=repr, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()


def clear_cache() -> None:
    """Clear the cache, so that the next request reads again."""
    with _lock:
        _known.clear()
        _absent.clear()


def _remember(name: str, entry: CachedTenant) -> None:
    memory, other = (_absent, _known) if entry.tenant is None else (_known, _absent)
    with _lock:
        other.pop(name, None)
        memory[name] = entry


def _fresh(name: str, read: Callable[[str], Tenant | None]) -> Tenant | None:
    """The tenant of a namespace or a domain (which has a dot), from the cache or by `read`. Raises StateUnavailable."""
    now, entry = clock.monotonic(), _cached(name)
    if entry is not None and _is_fresh(entry):
        return entry.tenant
    try:
        tenant = read(name)
    except PynamoDBException as error:
        if entry is None:
            raise StateUnavailable from error
        entry.failed_at = clock.monotonic()
        return entry.tenant
    _remember(name, CachedTenant(tenant, now))
    return tenant


def _cached(name: str) -> CachedTenant | None:
    """What was read of a name within STALE_SECONDS."""
    with _lock:
        entry = _known.get(name) or _absent.get(name)
    return entry if entry is not None and clock.monotonic() - entry.read_at < STALE_SECONDS else None


def _is_fresh(entry: CachedTenant) -> bool:
    """Whether it need not be read again: also where the store failed a moment ago, it is not tried so soon (D2)."""
    return clock.monotonic() - max(entry.read_at, entry.failed_at) < FRESH_SECONDS


def _read(namespace: str) -> Tenant | None:
    row = workspace_rows.of_namespace(namespace)
    return None if row is None else of_row(row, namespace)


def _read_domain(name: str) -> Tenant | None:
    claim = domains.find(name)
    row = workspace_rows.find(claim.workspace_id) if claim is not None and claim.proven else None
    return None if row is None else of_row(row, row.namespace)
