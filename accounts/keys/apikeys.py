"""API keys: scoped, expiring, shown once, stored as prefix and digest, ended with their maker's membership (A12)."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from accounts import audit
from accounts.rows.keys import ApiKey
from accounts.teams import members, roles
from imgapis.base import clock, tokens
from imgapis.base.errors import ApiError

KEY_PATTERN = re.compile(r"img_([a-z2-7]{10})_([A-Za-z0-9_-]{43})\Z")
MOST_KEYS = 50
LONGEST_NAME = 60
MOST_DAYS = 730


class InvalidKey(ApiError):
    """No living key was sent. One answer for absent, unknown, wrong, expired, revoked and orphaned keys."""

    status = 401
    code = "invalid_api_key"

    def __init__(self):
        super().__init__("Send a living API key as `Authorization: Bearer img_…`.")


class OutOfScope(ApiError):
    """The key was not given the permission."""

    status = 403
    code = "out_of_scope"


class InvalidKeySetting(ApiError):
    """A key cannot be made so."""

    code = "invalid_key_setting"


@dataclass(frozen=True)
class Caller:
    """Who calls by key: the workspace, the key's prefix, its maker, its scopes, and the maker's role as it is now."""

    workspace_id: str
    prefix: str
    person_id: str
    scopes: tuple[str, ...]
    role: str

    @property
    def actor(self) -> str:
        """How the audit log names the key."""
        return f"key:{self.prefix}"

    def require(self, permission: str) -> None:
        """Raise OutOfScope, or NotPermitted where the maker's role has lost the permission meanwhile."""
        if permission not in self.scopes:
            raise OutOfScope(f"This key lacks the scope {permission}.")
        roles.require(self.role, permission)


def create(
    workspace_id: str, person_id: str, role: str, *, name: str, scopes: Iterable[str], days: int | None = None
) -> tuple[str, ApiKey]:
    """Make a key; returns the plaintext key, shown this once, and its row. `days` until it expires, None for never. A
    key can do no more than its maker. Raises InvalidKeySetting."""
    scopes = sorted(set(scopes))
    _check(role, name, scopes, days)
    if len(of_workspace(workspace_id)) >= MOST_KEYS:
        raise InvalidKeySetting(f"A workspace has {MOST_KEYS} keys at most: revoke one first.")
    prefix, secret = tokens.random_id("k")[2:12], secrets.token_urlsafe(32)
    now = clock.now()
    row = ApiKey(
        prefix, digest=_digest(settings.SECRET_KEY, prefix, secret), workspace_id=workspace_id, person_id=person_id,
        name=name.strip(), scopes=scopes, created=now, expires=now + days * clock.DAY if days else 0, last_used_day="",
    )  # fmt: skip
    row.save(condition=ApiKey.is_absent())
    return f"img_{prefix}_{secret}", row


def _check(role: str, name: str, scopes: list[str], days: int | None) -> None:
    if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable():
        raise InvalidKeySetting(f"Name the key in 1 to {LONGEST_NAME} characters.", param="name")
    unknown_scopes = [scope for scope in scopes if scope not in roles.PERMISSIONS]
    if unknown_scopes or not scopes:
        raise InvalidKeySetting(f"Choose scopes out of {', '.join(roles.PERMISSIONS)}.", param="scopes")
    disallowed_scopes = [scope for scope in scopes if not roles.allows(role, scope)]
    if disallowed_scopes:
        raise InvalidKeySetting(f"Your role, {role}, cannot give a key {', '.join(disallowed_scopes)}.", param="scopes")
    if days is not None and not 1 <= days <= MOST_DAYS:
        raise InvalidKeySetting(f"A key ends after 1 to {MOST_DAYS} days, or never.", param="days")


def authenticate(plaintext_key: str | None) -> Caller:
    """The caller of a plaintext key, `img_<prefix>_<secret>`, as the request sent it. Raises InvalidKey."""
    match = KEY_PATTERN.match(plaintext_key or "")
    row = of_prefix(match[1]) if match else None
    if row is None or not _matches(row, match[2]) or (row.expires and row.expires <= clock.now()):
        raise InvalidKey
    role = members.role_of(row.workspace_id, row.person_id)
    if role is None:
        raise InvalidKey
    _mark_used(row)
    return Caller(row.workspace_id, row.prefix, row.person_id, tuple(row.scopes), role)


def of_workspace(workspace_id: str) -> list[ApiKey]:
    """The keys of a workspace, oldest first."""
    return list(ApiKey.workspace_index.query(workspace_id))


def revoke(workspace_id: str, prefix: str, actor: str, reason: str = "") -> bool:
    """End a key of the workspace, with the audit log's entry; False where it has none of that prefix."""
    row = of_prefix(prefix)
    if row is None or row.workspace_id != workspace_id:
        return False
    entry = audit.entry(workspace_id, actor, "key.revoked", prefix, reason=reason)
    return audit.run_with_entry(entry, lambda transaction: transaction.delete(row, condition=ApiKey.is_present()))


def of_prefix(prefix: str) -> ApiKey | None:
    """The key of a public prefix, expired or not."""
    return ApiKey.find(prefix)


def _matches(row: ApiKey, secret: str) -> bool:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(row.digest, _digest(key, row.prefix, secret)) for key in keys)


def _digest(server_key: str, prefix: str, secret: str) -> str:
    return tokens.keyed_digest(tokens.subkey(server_key.encode(), "accounts.apikeys"), (prefix, secret))


def _mark_used(row: ApiKey) -> None:
    day = clock.day(clock.now())
    if row.last_used_day == day:
        return
    if not row.update_if(ApiKey.is_present(), last_used_day=day):
        raise InvalidKey  # revoked between the read and here
