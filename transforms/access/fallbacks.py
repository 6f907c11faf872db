"""Named fallbacks: pictures of the owner's that are sent instead of errors of sources, and which one by default."""

import difflib
from collections.abc import Collection

from accounts import audit
from accounts.models import Workspace, workspaces
from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms import engine_errors
from transforms.access import rules
from transforms.engine.request import endpoints
from transforms.engine.request.query import Query
from transforms.models import Fallback
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows
from transforms.models import sources as source_rows
from transforms.sources import originals
from transforms.tenant import tenants
from transforms.tenant.tenants import Tenant

ENDPOINT = endpoints.TRANSFORM
PARAMETER = "fallback"
NONE = "none"  # an address or a source says by it that there is no fallback
STATUSES = {"error": "The error's own", "200": "200"}
MOST_FALLBACKS = 100
MOST_CHANGED = 90  # sources in one transaction


class UnknownFallback(ApiError):
    """The workspace has no fallback of that name."""

    code = "unknown_fallback"


class InvalidFallback(ApiError):
    """The fallback, or a default, is not valid."""

    code = "invalid_fallback"


class TooManyFallbacks(ApiError):
    """The workspace has as many fallbacks as it may."""

    status = 409
    code = "too_many_fallbacks"


class FallbackInUse(ApiError):
    """The fallback is a default, or a preset names it."""

    status = 409
    code = "fallback_in_use"


def take(endpoint: str, query: Query) -> tuple[str | None, Query]:
    """The fallback that a query names (None: none is named), and the query without it, as it is parsed. Raises
    ApiError where it is named twice."""
    if endpoint != ENDPOINT:
        return None, query
    with engine_errors.as_api_errors():
        name = query.value(PARAMETER)
    return name, query.without(PARAMETER)


def choose(tenant: Tenant, name: str | None, source: str) -> str:
    """The fallback of a request that names `name`, of a picture of the source named `source` (empty: a full URL); empty
    where there is none. Raises UnknownFallback."""
    if name is None:
        return _default(tenant, source)
    if name == NONE:
        return ""
    if name not in tenant.rules.fallbacks:
        raise UnknownFallback(_unknown(name, tenant.rules.fallbacks), param=PARAMETER)
    return name


def _default(tenant: Tenant, source: str) -> str:
    row = tenant.sources.get(source)
    name = (row.fallback if row else "") or tenant.fallback
    return name if name in tenant.rules.fallbacks else ""


def save(workspace_id: str, actor: str, name: str, src: str, status: str = "error") -> Fallback:
    """Create or replace a fallback; nothing is fetched. `status`: one of STATUSES. Raises InvalidFallback with the
    field, TooManyFallbacks, EditConflict."""
    workspace = workspaces.require(workspace_id)
    _check(workspace, name, src, status)
    existing = {row.name: row for row in fallback_rows.of_workspace(workspace_id)}
    if name not in existing and len(existing) >= MOST_FALLBACKS:
        raise TooManyFallbacks(f"A workspace has at most {MOST_FALLBACKS} fallbacks.")
    row = Fallback(workspace_id, name, src=src, status=status, saved=clock.now())
    before = public_fields(existing[name]) if name in existing else None
    entry = audit.entry(workspace_id, actor, "fallback.saved", name, before, public_fields(row))
    rules.save(row, int(workspace.rules_revision), entry)
    return row


def delete(workspace_id: str, actor: str, name: str) -> bool:
    """Delete a fallback: addresses that name it answer 400 within seconds. False where there is none. Raises
    FallbackInUse, EditConflict."""
    workspace, row = workspaces.require(workspace_id), fallback_rows.find(workspace_id, name)
    if row is None:
        return False
    users = _users(workspace, name)
    if users:
        raise FallbackInUse(f"The fallback {name} is used by {', '.join(users)}: change that first.", param="name")
    entry = audit.entry(workspace_id, actor, "fallback.deleted", name, public_fields(row))
    rules.delete(row, int(workspace.rules_revision), entry)
    return True


def defaults(workspace: Workspace) -> dict:
    """The default of the workspace (empty: none), and that of each source (empty: as the workspace; none: none)."""
    sources = source_rows.of_workspace(workspace.workspace_id)
    return {"workspace": workspace.fallback, "sources": {row.name: row.fallback for row in sources}}


def change_defaults(
    workspace_id: str, actor: str, own: str | None = None, sources: dict[str, str] | None = None
) -> None:
    """Change the default of the workspace and of some sources, within five seconds everywhere; None, and a source that
    is left out, stay. Pictures and charges stay what they are. Raises InvalidFallback with the field, EditConflict."""
    workspace = workspaces.require(workspace_id)
    names = [row.name for row in fallback_rows.of_workspace(workspace_id)]
    rows = {row.name: row for row in source_rows.of_workspace(workspace_id)}
    own, sources = workspace.fallback if own is None else own, sources or {}
    _check_default("workspace", own, names)
    for source, name in sources.items():
        if source not in rows:
            raise InvalidFallback(f"This workspace has no source named {source[:64]!r}.", param="sources")
        _check_default(f"sources.{source}", name, [*names, NONE])
    changed = {source: name for source, name in sources.items() if rows[source].fallback != name}
    if len(changed) > MOST_CHANGED:
        raise InvalidFallback(f"Change the defaults of at most {MOST_CHANGED} sources at once.", param="sources")
    if not changed and own == workspace.fallback:
        return
    before = {"workspace": workspace.fallback, "sources": {source: rows[source].fallback for source in changed}}
    after = {"workspace": own, "sources": changed}
    entry = audit.entry(workspace_id, actor, "fallback.defaults", "", before, after)
    of_sources = [(rows[source], name) for source, name in changed.items()]
    rules.change_default_fallbacks(workspace_id, int(workspace.rules_revision), own, of_sources, entry)


def public_fields(row: Fallback) -> dict[str, str]:
    """A fallback as it is shown and written down."""
    return {"src": row.src, "status": row.status}


def _check(workspace: Workspace, name: str, src: str, status: str) -> None:
    """Raise InvalidFallback for what cannot be one."""
    if not originals.NAME.match(name):
        raise InvalidFallback("A fallback's name is 1 to 63 of a-z, 0-9, - and _.", param="name")
    if name == NONE:
        raise InvalidFallback("The name none is reserved: fallback=none is the error itself.", param="name")
    if status not in STATUSES:
        raise InvalidFallback(f"The status is {' or '.join(STATUSES)}.", param="status")
    if originals.FULL_URL.match(src):
        raise InvalidFallback("A fallback is a picture of one of your sources, not a full URL.", param="src")
    try:
        originals.resolve(tenants.of_row(workspace, workspace.namespace), src)
    except ApiError as refusal:
        raise InvalidFallback(refusal.message, param="src") from refusal


def _check_default(field: str, name: str, names: list[str]) -> None:
    if name and name not in names:
        raise InvalidFallback(_unknown(name, names), param=field)


def _users(workspace: Workspace, name: str) -> list[str]:
    """What names a fallback, as the end of a sentence."""
    sources = [row.name for row in source_rows.of_workspace(workspace.workspace_id) if row.fallback == name]
    presets = [
        row.name for row in preset_rows.of_workspace(workspace.workspace_id) if row.values.get(PARAMETER) == name
    ]
    users = ["this workspace by default"] if workspace.fallback == name else []
    return users + [f"the source {source}" for source in sources] + [f"the preset {preset}" for preset in presets]


def _unknown(name: str, names: Collection[str]) -> str:
    matches = difflib.get_close_matches(name[:64].lower(), names, n=1)
    return f"This workspace has no fallback {name[:64]!r}." + (f" Did you mean {matches[0]}?" if matches else "")
