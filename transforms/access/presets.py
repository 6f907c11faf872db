"""Named presets: parameters under one name, merged into a query whose own parameters override them."""

import difflib

from accounts import audit
from accounts.models import workspaces
from imgapis.base import clock
from imgapis.base.errors import ApiError
from transforms import engine_errors
from transforms.access import fallbacks, rules
from transforms.engine.errors import EngineError
from transforms.engine.request import endpoints, params
from transforms.engine.request.query import Query
from transforms.models import Preset
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows
from transforms.sources import originals
from transforms.tenant.tenants import Tenant

ENDPOINT = endpoints.TRANSFORM
MOST_PRESETS = 100
NEVER = ("src", "preset", "debug", "sig", "exp", "policy")
# The parameters presets-only still allows: the source, and what costs nothing more.
LEFT = ("src", "preset", "format", "fm")
FRESHNESS = ("v", "ttl")  # each of their values is new work, at /info too


class UnknownPreset(ApiError):
    """The workspace has no preset of that name."""

    code = "unknown_preset"


class PresetsOnly(ApiError):
    """The workspace serves its presets only."""

    status = 403
    code = "presets_only"


class InvalidPreset(ApiError):
    """The preset is not valid."""

    code = "invalid_preset"


class TooManyPresets(ApiError):
    """The workspace has as many presets as it may."""

    status = 409
    code = "too_many_presets"


def merge(tenant: Tenant, endpoint: str, query: Query) -> Query:
    """The query with its preset expanded; its own parameters override the preset's. Raises UnknownPreset."""
    if endpoint != ENDPOINT:
        return query
    with engine_errors.as_api_errors():
        name = query.value("preset")
    if name is None:
        return query
    values = tenant.rules.presets.get(name)
    if values is None:
        raise UnknownPreset(_unknown(tenant, name), param="preset")
    return query.with_preset(values)


def guard(tenant: Tenant, endpoint: str, query: Query) -> None:
    """Where the workspace serves presets only: refuse every other parameter, and the operations that have none but
    endless variants. `/info` has none but by v and ttl, and stays. Raises PresetsOnly."""
    if not tenant.presets_only:
        return
    if endpoint.startswith("info"):
        forbidden = next((parameter for parameter in query.parameters if parameter.name in FRESHNESS), None)
        if forbidden is not None:
            raise PresetsOnly(f"This workspace serves its presets only: no {forbidden.name}.", param=forbidden.name)
        return
    if endpoint != ENDPOINT:
        raise PresetsOnly(f"This workspace serves its presets only, and /{endpoint} has none.")
    forbidden = next((parameter for parameter in query.parameters if parameter.name not in LEFT), None)
    if forbidden is not None:
        raise PresetsOnly("This workspace serves its presets only: src, preset and format.", param=forbidden.name[:64])
    with engine_errors.as_api_errors():
        preset = query.value("preset")
    if preset is None:
        raise PresetsOnly("This workspace serves its presets only: name one by preset.", param="preset")


def save(workspace_id: str, actor: str, name: str, query: str) -> Preset:
    """Create or replace a preset: `w=800&fit=cover`. Requests that name it then get the new values.
    Raises InvalidPreset with the field, TooManyPresets."""
    values = read(name, query)
    workspace = workspaces.require(workspace_id)
    existing_presets = preset_rows.of_workspace(workspace_id)
    _check_fallback(workspace_id, values)
    previous_values = next((row.values for row in existing_presets if row.name == name), None)
    if previous_values is None and len(existing_presets) >= MOST_PRESETS:
        raise TooManyPresets(f"A workspace has at most {MOST_PRESETS} presets.")
    row = Preset(workspace_id, name, values=values, saved=clock.now())
    rules.save(row, int(workspace.rules_revision))
    audit.record(workspace_id, actor, "preset.saved", name, previous_values, values)
    return row


def delete(workspace_id: str, actor: str, name: str) -> bool:
    """Delete a preset: addresses that name it answer 400 within seconds. False where there is none."""
    workspace, row = workspaces.require(workspace_id), preset_rows.find(workspace_id, name)
    if row is None:
        return False
    rules.delete(row, int(workspace.rules_revision))
    audit.record(workspace_id, actor, "preset.deleted", name, row.values)
    return True


def read(name: str, text: str) -> dict[str, str]:
    """The values of a preset as its owner writes it, `w=800&fit=cover`, by long-lived name in the table's order. Raises
    InvalidPreset."""
    if not originals.NAME.match(name):
        raise InvalidPreset("A preset's name is 1 to 63 of a-z, 0-9, - and _.", param="name")
    query = Query.parse(text.strip().removeprefix("?"))
    forbidden = next((parameter.name for parameter in query.parameters if parameter.name in NEVER), None)
    if forbidden:
        raise InvalidPreset(f"A preset cannot hold {forbidden}.", param="query")
    try:
        _, rest = fallbacks.take(ENDPOINT, query)
        rest.spec(ENDPOINT, path_source="any/file")
    except (ApiError, EngineError) as error:
        raise InvalidPreset(error.message, param="query") from error
    values = {params.long_name(ENDPOINT, parameter.name): parameter.value for parameter in query.parameters}
    if not values:
        raise InvalidPreset("Write at least one parameter, such as w=800&fit=cover.", param="query")
    return {row.name: values[row.name] for row in params.rows(ENDPOINT) if row.name in values}


def _check_fallback(workspace_id: str, values: dict[str, str]) -> None:
    """Raise InvalidPreset where a preset names a fallback that the workspace does not have."""
    name = values.get(fallbacks.PARAMETER, fallbacks.NONE)
    if name != fallbacks.NONE and fallback_rows.find(workspace_id, name) is None:
        raise InvalidPreset(f"This workspace has no fallback {name[:64]!r}.", param="query")


def query_of(values: dict[str, str]) -> str:
    """A preset's values as a query."""
    return Query.of_values(values).raw


def _unknown(tenant: Tenant, name: str) -> str:
    matches = difflib.get_close_matches(name[:64].lower(), tenant.rules.presets, n=1)
    return f"This workspace has no preset {name[:64]!r}." + (f" Did you mean {matches[0]}?" if matches else "")
