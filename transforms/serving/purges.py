"""Purging: a rule that invalidates older outputs, by URL, prefix, source or for the whole workspace."""

from accounts import audit
from accounts.models import Workspace, workspaces
from billing.models import claims as claim_rows
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError
from transforms.access import rules
from transforms.models import PurgeRule
from transforms.models import purges as purge_rows
from transforms.serving import targets
from transforms.serving.charging import claims
from transforms.serving.image_plans import RenderPlan
from transforms.serving.targets import InvalidTarget
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
        return int(claims.was_charged(tenant, _plan(tenant, target), now))
    _names(tenant, scope, target)
    return claim_rows.count_live(row.workspace_id, now, tenant.rules.purges.everything, MOST_COUNTED)


def purge(row: Workspace, actor: str, scope: str, target: str = "", reason: str = "") -> PurgeRule:
    """Invalidate every matching output older than now: within five seconds on every server, memory caches included. The
    next request for any of it is new work, and billed. Staff give a `reason`. Raises InvalidPurge, TooManyPurges,
    EditConflict."""
    names = _names(tenants.of_row(row, row.namespace), scope, target)
    revision = int(workspaces.require(row.workspace_id).rules_revision)
    now = clock.now()
    rule = PurgeRule(
        row.workspace_id,
        tokens.time_ordered_id(now),
        scope=scope,
        target=target if scope != "workspace" else "",
        names=list(names),
        moment=now,
        expires=clock.utc(int(now) + LIFE_SECONDS),
    )
    existing_rules = purge_rows.of_workspace(row.workspace_id)
    superseded = [existing for existing in existing_rules if _covers(rule, existing)]
    if len(existing_rules) - len(superseded) >= MOST_RULES:
        raise TooManyPurges(
            f"A workspace has at most {MOST_RULES} purges a year: purge a prefix, a source or the workspace, which"
            " takes the place of the narrower ones."
        )
    rules.save(rule, revision, audit.entry(row.workspace_id, actor, "cache.purged", scope, reason=reason))
    purge_rows.delete_all(superseded)
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
        return targets.of_beginning(tenant, target)
    except InvalidTarget as refusal:
        raise InvalidPurge(refusal.message, param="target") from refusal


def _plan(tenant: Tenant, address: str) -> RenderPlan:
    try:
        return targets.of_address(tenant, address)
    except InvalidTarget as refusal:
        raise InvalidPurge(refusal.message, param="target") from refusal
