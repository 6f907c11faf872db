"""The signing keys of a workspace: the newest and the previous one, each shown once; and whether URLs must be
signed. One that an API key made ends with it (H8)."""

import secrets
from typing import Any

from accounts import audit
from accounts.keys import apikeys
from accounts.models import Workspace, workspaces
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError, EditConflict

LIVE = 2


class NoSigningKey(ApiError):
    """The workspace has no such signing key."""

    status = 409
    code = "no_signing_key"


def turn_on(row: Workspace, actor: str) -> str | None:
    """Require signatures from now on; within five seconds on every server. Creates the first key where there is none
    and returns it, to be shown once."""
    keys = live(row)
    new_key, keys = (None, keys) if keys else _with_new(row, actor)
    before = row.signing
    _replace(row, keys, signing="required")
    audit.record(row.workspace_id, actor, "signing.changed", "", before, "required")
    return new_key


def turn_off(row: Workspace, actor: str) -> None:
    """Stop requiring signatures; the keys stay, so that URLs signed before are valid when it is turned on again."""
    before = row.signing
    _replace(row, row.signing_keys, signing="off")
    audit.record(row.workspace_id, actor, "signing.changed", "", before, "off")


def rotate(row: Workspace, actor: str) -> str:
    """Create a new key and return it, to be shown once. The newest of the others stays live; an older one ends."""
    before = _ids(row)
    new_key, keys = _with_new(row, actor)
    _replace(row, keys)
    audit.record(row.workspace_id, actor, "signing.rotated", "", before, _ids(row))
    return new_key


def end(row: Workspace, actor: str, key_id: str) -> None:
    """Delete a key: URLs signed with it are refused within five seconds. Raises NoSigningKey where it is none of the
    live ones, or the last one while signatures are required."""
    live_keys = live(row)
    remaining_keys = [key for key in live_keys if key["id"] != key_id]
    if len(remaining_keys) == len(live_keys):
        raise NoSigningKey("This workspace has no such signing key: it ended, perhaps by rotation.")
    if not remaining_keys and row.signing == "required":
        raise NoSigningKey("This is the only key, and signatures are asked for: rotate first, or turn signing off.")
    before = _ids(row)
    _replace(row, remaining_keys)
    audit.record(row.workspace_id, actor, "signing.rotated", key_id, before, _ids(row))


def live(row: Workspace) -> list[dict]:
    """The records of the keys that hold, newest first."""
    return [key for key in row.signing_keys if apikeys.holds(key.get("made_by", ""))]


def listed(row: Workspace) -> list[dict[str, Any]]:
    """What is shown of the keys that hold: the id, when it was made, and the API key that made it, if one did."""
    return [{"id": key["id"], "made": clock.stamp(key["made"]), "made_by": key.get("made_by")} for key in live(row)]


def _with_new(row: Workspace, actor: str) -> tuple[str, list[dict]]:
    key_id, secret = secrets.token_hex(3), secrets.token_urlsafe(32)
    key_record = {"id": key_id, "sealed": tokens.seal(secret.encode()), "made": int(clock.now())}
    if maker := apikeys.maker_of(actor):
        key_record["made_by"] = maker
    return f"{key_id}.{secret}", [key_record, *live(row)][:LIVE]


def _ids(row: Workspace) -> list[str]:
    return [key["id"] for key in row.signing_keys]


def _replace(row: Workspace, keys: list[dict], **values: Any) -> None:
    """Replace the signing keys of `row`. Raises EditConflict where they have changed since it was read."""
    if not workspaces.replace_signing_keys(row, keys, **values):
        raise EditConflict
