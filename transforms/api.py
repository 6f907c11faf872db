"""The REST routes of images: sources, access, signing, presets, fallbacks, purges and custom domains."""

from dataclasses import asdict
from typing import Any

from ninja import Field

from accounts.api import NotFound, Strict, workspace_of
from accounts.keys.idempotency import ResultGone
from accounts.models import Workspace
from accounts.requests import ApiHttpRequest
from accounts.rest_router import CHANGES_NOTHING, Repeat, RestRouter
from imgapis.base import clock
from transforms.access import access_settings, engine_version, fallbacks, presets, signing_keys
from transforms.doctor import examination
from transforms.domains import custom_domains, domain_names
from transforms.models import Domain, Source, domains
from transforms.models import fallbacks as fallback_rows
from transforms.models import presets as preset_rows
from transforms.models import sources as source_rows
from transforms.serving import purges
from transforms.sources import lifetimes, named_sources
from transforms.tenant import tenants

router = RestRouter(tags=["images"])
LONGEST = 2_048


class SourceIn(Strict):
    """A source to be made. What its kind does not use is dropped; the secret is never shown again. Its outputs live for
    `ttl` seconds at most (0: as others), with `origin_cache_control` also within its server's Cache-Control."""

    name: str = Field(max_length=100)
    kind: str = Field(max_length=10)
    prefix: str = Field("", max_length=LONGEST)
    bucket: str = Field("", max_length=100)
    region: str = Field("", max_length=100)
    access_key: str = Field("", max_length=200)
    secret_key: str = Field("", max_length=200)
    ttl: int = Field(0, ge=0, le=lifetimes.LONGEST_SECONDS)
    origin_cache_control: bool = False


class SourceChange(Strict):
    """What of a source can be changed; what is left out stays. `ttl` 0 is none."""

    prefix: str | None = Field(None, max_length=LONGEST)
    bucket: str | None = Field(None, max_length=100)
    region: str | None = Field(None, max_length=100)
    access_key: str | None = Field(None, max_length=200)
    secret_key: str | None = Field(None, max_length=200)
    ttl: int | None = Field(None, ge=0, le=lifetimes.LONGEST_SECONDS)
    origin_cache_control: bool | None = None


class PathIn(Strict):
    """A file of a source."""

    path: str = Field(max_length=LONGEST)


class AccessIn(Strict):
    """What of the access rules can be changed."""

    allowed_origins: list[str] | None = Field(None, max_length=500)
    allowed_sources: list[str] | None = Field(None, max_length=500)
    presets_only: bool | None = None
    refused: str | None = Field(None, max_length=20)
    origin_cache_control: bool | None = None
    confirm_any_source: bool = False


class EngineIn(Strict):
    """A version of the engine."""

    version: int


class SigningIn(Strict):
    """Whether signatures are asked for."""

    required: bool


class PresetIn(Strict):
    """A preset, as a query: `w=800&fit=cover`."""

    query: str = Field(max_length=LONGEST)


class FallbackIn(Strict):
    """A picture to send instead of an error, such as `shop/no-photo.png`, with the status `error` (that of the error)
    or `200`."""

    src: str = Field(max_length=LONGEST)
    status: str = Field("error", max_length=10)


class DefaultFallbacksIn(Strict):
    """The fallback of the workspace, by name (empty: none), and of sources by theirs (empty: as the workspace; `none`:
    none). What is left out stays."""

    workspace: str | None = Field(None, max_length=100)
    sources: dict[str, str] = {}


class PurgeIn(Strict):
    """What to purge: scope url, prefix, source or workspace, and its target."""

    scope: str = Field(max_length=20)
    target: str = Field("", max_length=4_096)


class DomainIn(Strict):
    """A host name."""

    domain: str = Field(max_length=300)


def _source(request: ApiHttpRequest, name: str, permission: str) -> Source:
    workspace = workspace_of(request, permission)
    row = source_rows.find(workspace.workspace_id, name)
    if row is None:
        raise NotFound("The workspace has no source of that name.")
    return row


@router.get("/sources", response=list[dict[str, Any]])
def list_sources(request: ApiHttpRequest) -> list[dict[str, Any]]:
    """Every source, without its secrets. Scope: workspace.view."""
    return [
        named_sources.public_fields(row)
        for row in source_rows.of_workspace(workspace_of(request, "workspace.view").workspace_id)
    ]


def _source_again(request: ApiHttpRequest, name: str, payload: SourceIn) -> dict[str, Any]:
    row = source_rows.find(workspace_of(request, "sources.edit").workspace_id, name)
    if row is None:
        raise ResultGone
    return named_sources.public_fields(row)


@router.post("/sources", response={201: dict[str, Any]}, repeat=Repeat(lambda body: body["name"], _source_again))
def create_source(request: ApiHttpRequest, payload: SourceIn) -> tuple[int, dict[str, Any]]:
    """Make a source. Scope: sources.edit."""
    workspace = workspace_of(request, "sources.edit")
    row = named_sources.create(workspace.workspace_id, actor=request.caller.actor, **payload.dict())
    return 201, named_sources.public_fields(row)


@router.get("/sources/{name}", response=dict[str, Any])
def show_source(request: ApiHttpRequest, name: str) -> dict[str, Any]:
    """One source, without its secrets. Scope: workspace.view."""
    return named_sources.public_fields(_source(request, name, "workspace.view"))


@router.patch("/sources/{name}", response=dict[str, Any])
def change_source(request: ApiHttpRequest, name: str, payload: SourceChange) -> dict[str, Any]:
    """Change a source; its pictures are new work then, unless only their lifetime changes. Scope: sources.edit."""
    row = _source(request, name, "sources.edit")
    named_sources.change(row, actor=request.caller.actor, **payload.dict())
    return named_sources.public_fields(row)


@router.delete("/sources/{name}", response={204: None})
def delete_source(request: ApiHttpRequest, name: str) -> tuple[int, None]:
    """Delete a source. Scope: sources.edit."""
    named_sources.delete(_source(request, name, "sources.edit"), request.caller.actor)
    return 204, None


@router.post("/sources/{name}/doctor", response=dict[str, Any], repeat=CHANGES_NOTHING)
def examine_source(request: ApiHttpRequest, name: str, payload: PathIn) -> dict[str, Any]:
    """Fetch one file step by step and name the first step that fails; free. Scope: sources.edit."""
    row = _source(request, name, "sources.edit")
    workspace = workspace_of(request, "sources.edit")
    diagnosis = examination.examine(tenants.of_row(workspace, workspace.namespace), row, payload.path)
    steps = [
        {"name": step.name, "state": step.state, "detail": step.detail, "remedy": step.remedy}
        for step in diagnosis.steps
    ]
    return {"works": diagnosis.failed is None, "code": diagnosis.code, "steps": steps, "policy": diagnosis.policy}


def _access(workspace: Workspace) -> dict[str, Any]:
    return {
        "allowed_origins": list(workspace.allowed_origins),
        "allowed_sources": list(workspace.allowed_sources),
        "presets_only": bool(workspace.presets_only),
        "refused": workspace.refused,
        "origin_cache_control": bool(workspace.origin_cache_control),
    }


@router.get("/access", response=dict[str, Any])
def show_access(request: ApiHttpRequest) -> dict[str, Any]:
    """The allow-lists, presets-only, refused misses, and whether full URLs' Cache-Control counts. Scope:
    workspace.view."""
    return _access(workspace_of(request, "workspace.view"))


@router.patch("/access", response=dict[str, Any])
def change_access(request: ApiHttpRequest, payload: AccessIn) -> dict[str, Any]:
    """Change them; within five seconds on every server. `*` as a new external source needs `confirm_any_source`:
    anybody can then have pictures of any site made at the workspace's cost. Scope: access.edit."""
    workspace = workspace_of(request, "access.edit")
    changes = {name: value for name, value in payload.dict().items() if value is not None}
    access_settings.change(workspace, request.caller.actor, **changes)
    return _access(workspace_of(request, "access.edit"))


@router.get("/engine", response=dict[str, Any])
def show_engine(request: ApiHttpRequest) -> dict[str, Any]:
    """The engine version of the workspace, the newest, and what changes by moving to it. Scope: workspace.view."""
    return engine_version.facts(workspace_of(request, "workspace.view"))


@router.patch("/engine", response=dict[str, Any])
def change_engine(request: ApiHttpRequest, payload: EngineIn) -> dict[str, Any]:
    """Move to a newer version; pictures are drawn again when they are asked for, for nothing. Scope: access.edit."""
    engine_version.switch(workspace_of(request, "access.edit"), request.caller.actor, payload.version)
    return engine_version.facts(workspace_of(request, "access.edit"))


def _signing(workspace: Workspace, new_key: str | None = None) -> dict[str, Any]:
    shown = {"key": new_key} if new_key else {}
    return {"required": workspace.signing == "required", "keys": signing_keys.listed(workspace), **shown}


@router.get("/signing", response=dict[str, Any])
def show_signing(request: ApiHttpRequest) -> dict[str, Any]:
    """Whether signatures are asked for, and the live keys by id; one that an API key made ends with it, and names it in
    `made_by`. Scope: access.edit."""
    return _signing(workspace_of(request, "access.edit"))


@router.put("/signing", response=dict[str, Any])
def change_signing(request: ApiHttpRequest, payload: SigningIn) -> dict[str, Any]:
    """Ask for signatures, or no longer. A first key is in `key`, this once. Scope: access.edit."""
    workspace = workspace_of(request, "access.edit")
    new_key = (signing_keys.turn_on if payload.required else signing_keys.turn_off)(workspace, request.caller.actor)
    return _signing(workspace_of(request, "access.edit"), new_key)


def _signing_again(request: ApiHttpRequest, key_id: str) -> dict[str, Any]:
    return _signing(workspace_of(request, "access.edit"))


@router.post(
    "/signing/keys", response={201: dict[str, Any]}, repeat=Repeat(lambda body: body["keys"][0]["id"], _signing_again)
)
def rotate_signing_key(request: ApiHttpRequest) -> tuple[int, dict[str, Any]]:
    """Make a new key; it is in `key`, this once. The newest of the others stays live. Scope: access.edit."""
    new_key = signing_keys.rotate(workspace_of(request, "access.edit"), request.caller.actor)
    return 201, _signing(workspace_of(request, "access.edit"), new_key)


@router.delete("/signing/keys/{key_id}", response={204: None})
def end_signing_key(request: ApiHttpRequest, key_id: str) -> tuple[int, None]:
    """End a key: what it signed is refused. Scope: access.edit."""
    signing_keys.end(workspace_of(request, "access.edit"), request.caller.actor, key_id)
    return 204, None


@router.get("/presets", response=dict[str, str])
def list_presets(request: ApiHttpRequest) -> dict[str, str]:
    """Every preset, as a query by its name. Scope: workspace.view."""
    rows = preset_rows.of_workspace(workspace_of(request, "workspace.view").workspace_id)
    return {row.name: presets.query_of(row.values) for row in rows}


@router.put("/presets/{name}", response=dict[str, str])
def save_preset(request: ApiHttpRequest, name: str, payload: PresetIn) -> dict[str, str]:
    """Make a preset or put another in its place. Scope: access.edit."""
    workspace = workspace_of(request, "access.edit")
    row = presets.save(workspace.workspace_id, request.caller.actor, name, payload.query)
    return {row.name: presets.query_of(row.values)}


@router.delete("/presets/{name}", response={204: None})
def delete_preset(request: ApiHttpRequest, name: str) -> tuple[int, None]:
    """Delete a preset. Scope: access.edit."""
    if not presets.delete(workspace_of(request, "access.edit").workspace_id, request.caller.actor, name):
        raise NotFound("The workspace has no preset of that name.")
    return 204, None


@router.get("/fallbacks", response=dict[str, dict[str, str]])
def list_fallbacks(request: ApiHttpRequest) -> dict[str, dict[str, str]]:
    """Every fallback by its name: its picture and its status. Scope: workspace.view."""
    rows = fallback_rows.of_workspace(workspace_of(request, "workspace.view").workspace_id)
    return {row.name: fallbacks.public_fields(row) for row in rows}


@router.put("/fallbacks/{name}", response=dict[str, dict[str, str]])
def save_fallback(request: ApiHttpRequest, name: str, payload: FallbackIn) -> dict[str, dict[str, str]]:
    """Make a fallback or put another in its place. Scope: access.edit."""
    workspace = workspace_of(request, "access.edit")
    row = fallbacks.save(workspace.workspace_id, request.caller.actor, name, payload.src, payload.status)
    return {row.name: fallbacks.public_fields(row)}


@router.delete("/fallbacks/{name}", response={204: None})
def delete_fallback(request: ApiHttpRequest, name: str) -> tuple[int, None]:
    """Delete a fallback that is no default and in no preset. Scope: access.edit."""
    if not fallbacks.delete(workspace_of(request, "access.edit").workspace_id, request.caller.actor, name):
        raise NotFound("The workspace has no fallback of that name.")
    return 204, None


@router.get("/fallback-defaults", response=dict[str, Any])
def show_default_fallbacks(request: ApiHttpRequest) -> dict[str, Any]:
    """The fallback of the workspace and of each source. Scope: workspace.view."""
    return fallbacks.defaults(workspace_of(request, "workspace.view"))


@router.patch("/fallback-defaults", response=dict[str, Any])
def change_default_fallbacks(request: ApiHttpRequest, payload: DefaultFallbacksIn) -> dict[str, Any]:
    """Change them; within five seconds on every server. Scope: access.edit."""
    workspace = workspace_of(request, "access.edit")
    fallbacks.change_defaults(workspace.workspace_id, request.caller.actor, payload.workspace, payload.sources)
    return fallbacks.defaults(workspace_of(request, "access.edit"))


@router.post("/purges/preview", response=dict[str, int], repeat=CHANGES_NOTHING)
def preview_purge(request: ApiHttpRequest, payload: PurgeIn) -> dict[str, int]:
    """How many billed operations a purge makes new work, at most. Scope: cache.purge."""
    return {"operations": purges.preview(workspace_of(request, "cache.purge"), payload.scope, payload.target)}


def _purge_out(purge_id: str, payload: PurgeIn) -> dict[str, str]:
    target = "" if payload.scope == "workspace" else payload.target
    return {"purge_id": purge_id, "scope": payload.scope, "target": target}


def _purge_again(request: ApiHttpRequest, purge_id: str, payload: PurgeIn) -> dict[str, str]:
    """What was purged is what is asked for again: a wider purge may have taken the rule's place."""
    workspace_of(request, "cache.purge")
    return _purge_out(purge_id, payload)


@router.post("/purges", response={201: dict[str, str]}, repeat=Repeat(lambda body: body["purge_id"], _purge_again))
def purge(request: ApiHttpRequest, payload: PurgeIn) -> tuple[int, dict[str, str]]:
    """Purge: a rule, not a list of keys; within five seconds on every server. Scope: cache.purge."""
    rule = purges.purge(workspace_of(request, "cache.purge"), request.caller.actor, payload.scope, payload.target)
    return 201, _purge_out(rule.rule_id, payload)


def _domain(request: ApiHttpRequest, name: str, permission: str) -> Domain:
    row = custom_domains.of_workspace(workspace_of(request, permission).workspace_id, name)
    if row is None:
        raise NotFound("The workspace has no such domain.")
    return row


def _domain_fields(row: Domain) -> dict[str, Any]:
    return {
        "domain": row.domain,
        "state": row.state,
        "reason": row.reason,
        "records": [asdict(record) for record in domain_names.records(row.domain, row.txt_token)],
        "checked": clock.stamp(row.checked) if row.checked else None,
    }


@router.get("/domains", response=list[dict[str, Any]])
def list_domains(request: ApiHttpRequest) -> list[dict[str, Any]]:
    """Every domain with its records and state. Scope: workspace.view."""
    return [_domain_fields(row) for row in domains.of_workspace(workspace_of(request, "workspace.view").workspace_id)]


def _domain_again(request: ApiHttpRequest, name: str, payload: DomainIn) -> dict[str, Any]:
    row = custom_domains.of_workspace(workspace_of(request, "domains.edit").workspace_id, name)
    if row is None:
        raise ResultGone
    return _domain_fields(row)


@router.post("/domains", response={201: dict[str, Any]}, repeat=Repeat(lambda body: body["domain"], _domain_again))
def add_domain(request: ApiHttpRequest, payload: DomainIn) -> tuple[int, dict[str, Any]]:
    """Add a domain; the answer says which DNS records to set. Scope: domains.edit."""
    workspace = workspace_of(request, "domains.edit")
    return 201, _domain_fields(custom_domains.add(workspace.workspace_id, payload.domain, request.caller.actor))


@router.post("/domains/{domain}/check", response=dict[str, Any], repeat=CHANGES_NOTHING)
def check_domain(request: ApiHttpRequest, domain: str) -> dict[str, Any]:
    """Look at DNS now. Scope: domains.edit."""
    row = custom_domains.check_now(_domain(request, domain, "domains.edit"))
    if row is None:
        raise NotFound("The workspace has no such domain any more.")
    return _domain_fields(row)


@router.delete("/domains/{domain}", response={204: None})
def remove_domain(request: ApiHttpRequest, domain: str) -> tuple[int, None]:
    """Remove a domain: it serves nothing from now on. Scope: domains.edit."""
    custom_domains.remove(_domain(request, domain, "domains.edit"), request.caller.actor)
    return 204, None
