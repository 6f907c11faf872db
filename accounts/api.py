"""The REST routes of accounts: the workspace, its members, invites, keys and audit log."""

from typing import Any

from ninja import Field, Schema
from pydantic import ConfigDict

from accounts import audit
from accounts.keys import apikeys
from accounts.keys.idempotency import ResultGone
from accounts.models import ApiKey, AuditEntry, Invite, Workspace
from accounts.models import members as membership_rows
from accounts.models import workspaces as workspace_rows
from accounts.requests import ApiHttpRequest
from accounts.rest_router import Repeat, RestRouter
from accounts.teams import invites, members, roles
from accounts.teams.actors import Actor
from accounts.workspaces import workspaces
from imgapis.base import clock
from imgapis.base.errors import ApiError

router = RestRouter(tags=["workspace"])


class NotFound(ApiError):
    """The workspace has no such thing."""

    status = 404
    code = "not_found"


class Strict(Schema):
    """A body whose unknown fields are refused by name (A10)."""

    model_config = ConfigDict(extra="forbid")


class WorkspaceOut(Schema):
    """A workspace."""

    workspace_id: str
    namespace: str
    business_name: str
    created: str


class WorkspaceIn(Strict):
    """What of a workspace can be changed."""

    namespace: str | None = Field(None, max_length=80)
    business_name: str | None = Field(None, max_length=200)


class MemberOut(Schema):
    """A member, by an opaque id: addresses are for the dashboard alone."""

    person_id: str
    role: str
    joined: str


class RoleIn(Strict):
    """A role."""

    role: str = Field(max_length=20)


class InviteIn(Strict):
    """An address and the role it is invited to."""

    email: str = Field(max_length=300)
    role: str = Field(max_length=20)


class InviteOut(Schema):
    """An open invite. `warning` says where the address looks like another one of the team, or mixes scripts;
    `mail_held_until`, where its last mail was held back, when one can be sent."""

    invite_id: str
    email: str
    role: str
    ends: str
    warning: str | None
    mail_held_until: str | None


class KeyIn(Strict):
    """A key to be made: it can do no more than the key that makes it."""

    name: str = Field(max_length=100)
    scopes: list[str] = Field(max_length=20)
    days: int | None = None


class KeyOut(Schema):
    """A key, without its secret. `made_by` is the prefix of the key that made it, with which it ends."""

    prefix: str
    name: str
    scopes: list[str]
    expires: str | None
    last_used_day: str | None
    made_by: str | None


class NewKeyOut(KeyOut):
    """A key with its only showing; `key` is null where the request is a repetition under its Idempotency-Key."""

    key: str | None


class EntryOut(Schema):
    """An entry of the audit log."""

    entry_id: str
    time: str
    actor: str
    act: str
    target: str
    before: Any = None
    after: Any = None


class EntriesOut(Schema):
    """A page of the audit log; `cursor` goes on after it, null at the end."""

    entries: list[EntryOut]
    cursor: str | None


def workspace_of(request: ApiHttpRequest, permission: str) -> Workspace:
    """The key's workspace, if the key has the permission."""
    request.caller.require(permission)
    return workspace_rows.require(request.caller.workspace_id)


def _acting(request: ApiHttpRequest, permission: str) -> Actor:
    """The member the key acts for, as far as the key may: what a member may not do, no key of theirs may."""
    request.caller.require(permission)
    return request.caller.as_member


def _workspace_out(row: Workspace) -> WorkspaceOut:
    return WorkspaceOut(
        workspace_id=row.workspace_id,
        namespace=row.namespace,
        business_name=row.business_name,
        created=clock.stamp(row.created),
    )


@router.get("/workspace", response=WorkspaceOut)
def show_workspace(request: ApiHttpRequest) -> WorkspaceOut:
    """The workspace of the key. Scope: workspace.view."""
    return _workspace_out(workspace_of(request, "workspace.view"))


@router.patch("/workspace", response=WorkspaceOut)
def change_workspace(request: ApiHttpRequest, payload: WorkspaceIn) -> WorkspaceOut:
    """Rename it, or change the business name. Scope: workspace.edit."""
    row = workspace_of(request, "workspace.edit")
    if payload.namespace is not None:
        workspaces.rename(row, request.caller.actor, payload.namespace, request.caller.person_id)
    if payload.business_name is not None:
        workspaces.change_business_name(row, request.caller.actor, payload.business_name)
    return _workspace_out(row)


@router.get("/roles", response=dict[str, list[str]])
def list_roles(request: ApiHttpRequest) -> dict[str, list[str]]:
    """What each role may do. Any key."""
    return {role: [name for name in roles.PERMISSIONS if roles.allows(role, name)] for role in roles.ROLES}


@router.get("/members", response=list[MemberOut])
def list_members(request: ApiHttpRequest) -> list[MemberOut]:
    """Everybody in the workspace. Scope: workspace.view."""
    request.caller.require("workspace.view")
    rows = membership_rows.of_workspace(request.caller.workspace_id)
    return [MemberOut(person_id=row.person_id, role=row.role, joined=clock.stamp(row.joined)) for row in rows]


@router.put("/members/{person_id}", response={204: None})
def change_role(request: ApiHttpRequest, person_id: str, payload: RoleIn) -> tuple[int, None]:
    """Give a member another role. Scope: members.manage, and every scope of the role; no key makes or changes an
    owner."""
    members.change_role(_acting(request, "members.manage"), person_id, payload.role)
    return 204, None


@router.delete("/members/{person_id}", response={204: None})
def remove_member(request: ApiHttpRequest, person_id: str) -> tuple[int, None]:
    """Take a member out; their keys end at once. Scope: members.manage."""
    members.remove(_acting(request, "members.manage"), person_id)
    return 204, None


@router.get("/invites", response=list[InviteOut])
def list_invites(request: ApiHttpRequest) -> list[InviteOut]:
    """Open invites. Scope: members.manage."""
    request.caller.require("members.manage")
    warnings = invites.warnings(request.caller.workspace_id)
    return [_invite_out(row, warnings) for row in invites.pending(request.caller.workspace_id)]


def _invite_again(request: ApiHttpRequest, invite_id: str, payload: InviteIn) -> InviteOut:
    row = invites.find(_acting(request, "members.manage").workspace_id, invite_id)
    if row is None:
        raise ResultGone
    return _invite_out(row, invites.warnings(row.workspace_id))


@router.post(
    "/invites", response={200: InviteOut, 201: InviteOut}, repeat=Repeat(lambda body: body.invite_id, _invite_again)
)
def invite(request: ApiHttpRequest, payload: InviteIn) -> tuple[int, InviteOut]:
    """Invite an address by mail. One that is invited already is sent its invite again, with this role: 200. Scope:
    members.manage, and every scope of the role; no key gives the role owner."""
    row = invites.invite(_acting(request, "members.manage"), payload.email, payload.role)
    return 201 if row.sent == row.created else 200, _invite_out(row, invites.warnings(row.workspace_id))


@router.delete("/invites/{invite_id}", response={204: None})
def revoke_invite(request: ApiHttpRequest, invite_id: str) -> tuple[int, None]:
    """End an invite. Scope: members.manage."""
    invites.revoke(_acting(request, "members.manage"), invite_id)
    return 204, None


def _invite_out(row: Invite, warnings: dict[str, str]) -> InviteOut:
    return InviteOut(
        invite_id=row.invite_id,
        email=row.email,
        role=row.role,
        ends=clock.stamp(row.ends),
        warning=warnings.get(row.email),
        mail_held_until=clock.stamp(row.mail_held_until + 59) if row.mail_held_until else None,
    )


@router.get("/keys", response=list[KeyOut])
def list_keys(request: ApiHttpRequest) -> list[KeyOut]:
    """The keys of the workspace, without their secrets. Scope: keys.manage."""
    request.caller.require("keys.manage")
    return [KeyOut(**_key_out(row)) for row in apikeys.of_workspace(request.caller.workspace_id)]


def _key_again(request: ApiHttpRequest, prefix: str, payload: KeyIn) -> NewKeyOut:
    request.caller.require("keys.manage")
    row = apikeys.of_prefix(prefix)
    if row is None:
        raise ResultGone
    return NewKeyOut(key=None, **_key_out(row))


@router.post("/keys", response={201: NewKeyOut}, repeat=Repeat(lambda body: body.prefix, _key_again))
def create_key(request: ApiHttpRequest, payload: KeyIn) -> tuple[int, NewKeyOut]:
    """Make a key; it is shown this once, and ends with the key that makes it, at the latest when that one does. Scope:
    keys.manage, and every scope that is given on."""
    caller = request.caller
    caller.require("keys.manage")
    for scope in payload.scopes:
        if scope in roles.PERMISSIONS:
            caller.require(scope)
    plaintext_key, row = apikeys.create(
        caller.workspace_id,
        caller.person_id,
        caller.role,
        name=payload.name,
        scopes=payload.scopes,
        days=payload.days,
        maker=caller.prefix,
    )
    audit.record(caller.workspace_id, caller.actor, "key.created", row.prefix, None, {"scopes": row.scopes})
    return 201, NewKeyOut(key=plaintext_key, **_key_out(row))


@router.delete("/keys/{prefix}", response={204: None})
def revoke_key(request: ApiHttpRequest, prefix: str) -> tuple[int, None]:
    """End a key at once, with the keys and the open invitations it made. Scope: keys.manage."""
    request.caller.require("keys.manage")
    if not apikeys.revoke(request.caller.workspace_id, prefix, request.caller.actor):
        raise NotFound("The workspace has no key of that prefix.")
    return 204, None


def _key_out(row: ApiKey) -> dict[str, Any]:
    expires = clock.stamp(row.expires) if row.expires else None
    return {
        "prefix": row.prefix,
        "name": row.name,
        "scopes": row.scopes,
        "expires": expires,
        "last_used_day": row.last_used_day or None,
        "made_by": row.ancestors[-1] if row.ancestors else None,
    }


@router.get("/audit", response=EntriesOut)
def audit_log(request: ApiHttpRequest, cursor: str | None = None) -> EntriesOut:
    """Who did what, newest first, in pages. Scope: audit.view."""
    request.caller.require("audit.view")
    page = audit.page(request.caller.workspace_id, cursor)
    return EntriesOut(entries=[_entry_out(entry) for entry in page.rows], cursor=page.cursor)


def _entry_out(entry: AuditEntry) -> EntryOut:
    return EntryOut(
        entry_id=entry.entry_id,
        time=clock.stamp(audit.time_of(entry)),
        actor=entry.actor,
        act=entry.act,
        target=entry.target,
        before=entry.before,
        after=entry.after,
    )
