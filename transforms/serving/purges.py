"""Purging: a rule that invalidates older outputs, by URL, prefix, source or for the whole workspace."""

from urllib.parse import unquote, urlsplit

from django.conf import settings

from accounts import audit
from accounts import store as accounts_store
from accounts.models import Workspace
from billing import store as billing_store
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from transforms import rule_store
from transforms.access import raw_query, signing
from transforms.engine.request import params
from transforms.models import PurgeRule
from transforms.serving import image_plans
from transforms.serving.charging import claims
from transforms.sources import originals
from transforms.tenant import purge_index, tenants
from transforms.tenant.tenants import Tenant

SCOPES = {
    "url": "One address, in every format",
    "prefix": "Everything made of originals whose src begins so",
    "source": "Everything made of a source",
    "workspace": "Everything",
}
MOST_RULES = 1_000
LIFE_SECONDS = 366 * clock.DAY
MOST_COUNTED = 10_000


class InvalidPurge(ApiError):
    """The target of a purge is not valid."""

    code = "invalid_purge"


class TooManyPurges(ApiError):
    """The workspace has as many rules as it may."""

    status = 409
    code = "too_many_purges"


def preview(row: Workspace, scope: str, target: str) -> int:
    """How many operations, billed within the last year, become new work by a purge: exact for one URL (0 or 1); for the
    others an upper bound, which is every billed operation that no earlier purge of the whole workspace has
    invalidated, counted up to MOST_COUNTED. Which of them match a prefix or a source is unknown: no URL is stored.
    Raises InvalidPurge."""
    tenant = tenants.of_row(row, row.namespace)
    now = clock.now()
    if scope == "url":
        plan = _plan(tenant, target)
        return int(claims.was_charged(tenant, plan, now))
    _names(tenant, scope, target)
    return billing_store.count_claims(row.workspace_id, now, tenant.rules.purges.everything, MOST_COUNTED)


def purge(row: Workspace, actor: str, scope: str, target: str = "", reason: str = "") -> PurgeRule:
    """Invalidate every matching output older than now: within five seconds on every server, memory caches included. The
    next request for any of it is new work, and billed. Staff give a `reason`. Raises InvalidPurge, TooManyPurges,
    EditConflict."""
    names = _names(tenants.of_row(row, row.namespace), scope, target)
    revision = int(accounts_store.workspace(row.workspace_id).rules_revision)
    now = clock.now()
    rule = PurgeRule(
        row.workspace_id, tokens.time_ordered_id(now), scope=scope, target=target if scope != "workspace" else "",
        names=list(names), moment=now, expires=clock.utc(int(now) + LIFE_SECONDS),
    )  # fmt: skip
    existing_rules = rule_store.purges(row.workspace_id)
    superseded = [existing for existing in existing_rules if _covers(rule, existing)]
    if len(existing_rules) - len(superseded) >= MOST_RULES:
        raise TooManyPurges(
            f"A workspace has at most {MOST_RULES} purges a year: purge a prefix, a source or the workspace, which"
            " takes the place of the narrower ones."
        )
    rule_store.save(rule, revision, audit.entry(row.workspace_id, actor, "cache.purged", scope, reason=reason))
    rule_store.sweep(superseded)
    return rule


def _covers(rule: PurgeRule, other: PurgeRule) -> bool:
    """Whether the newer `rule` invalidates everything that the older rule does."""
    if rule.scope == "workspace" or (rule.scope == other.scope and rule.names == other.names):
        return True
    if other.scope != "prefix":
        return False
    if rule.scope == "source":
        return other.names[0] == "source" and other.names[1] == rule.names[0]
    return rule.scope == "prefix" and purge_index.has_prefix(tuple(other.names), tuple(rule.names))


def _names(tenant: Tenant, scope: str, target: str) -> tuple[str, ...]:
    """The identity of the purge's target, as in cache keys. Raises InvalidPurge."""
    if scope == "workspace":
        return ()
    if scope == "source":
        if target not in tenant.sources:
            raise InvalidPurge(f"This workspace has no source named {target[:64]!r}.", param="target")
        return (tenant.sources[target].source_id,)
    if scope == "url":
        return _plan(tenant, target).identity
    if scope != "prefix":
        raise InvalidPurge(f"A purge is of {', '.join(SCOPES)}.", param="scope")
    try:
        return _beginning(tenant, target)
    except ApiError as refusal:
        raise InvalidPurge(refusal.message, param="target") from refusal


def _beginning(tenant: Tenant, target: str) -> tuple[str, ...]:
    """The identity prefix of every original whose src starts with `target`; a folder is resolved by a dummy file name
    that is removed again."""
    if not target.endswith("/") or originals.FULL_URL.match(target):
        return originals.resolve(tenant, target).identity
    names = originals.resolve(tenant, target + "x").identity
    return (*names[:-1], names[-1].removesuffix("x"))


def _plan(tenant: Tenant, address: str) -> image_plans.RenderPlan:
    """The plan of a URL as copied from a page; its signature is removed."""
    try:
        parts = urlsplit(address.strip())
        host = parts.hostname
    except ValueError as error:
        raise InvalidPurge("This is no address.", param="target") from error
    if host and not _ours(tenant, host):
        raise InvalidPurge("This address is not one of this workspace's hosts.", param="target")
    path = parts.path.removeprefix("/explain")
    endpoint = next(
        (candidate for candidate in _LONGEST_FIRST if path == f"/{candidate}" or path.startswith(f"/{candidate}/")),
        None,
    )
    if endpoint is None:
        raise InvalidPurge("Paste an address such as /transform?src=shop/shoe.jpg&w=800.", param="target")
    query = raw_query.write(raw_query.without(raw_query.read(parts.query), signing.PARAMETERS))
    try:
        return image_plans.make(tenant, endpoint, query, unquote(path[len(endpoint) + 2 :]) or None, None)
    except ApiError as refusal:
        raise InvalidPurge(refusal.message, param="target") from refusal


_LONGEST_FIRST = sorted(params.ENDPOINTS, key=len, reverse=True)


def _ours(tenant: Tenant, host: str) -> bool:
    namespace, _, domain = host.partition(".")
    owner = tenants.of_namespace(namespace) if domain == settings.IMAGE_DOMAIN else tenants.of_domain(host)
    return owner is not None and owner.workspace_id == tenant.workspace_id
