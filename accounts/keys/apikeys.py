"""API keys: scoped, expiring, shown once, stored as prefix and digest, ended with their maker's membership (A12), and
with the key that made them (H8)."""

import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings

from accounts import audit
from accounts.models import ApiKey, Member, members
from accounts.models import keys as key_rows
from accounts.teams import roles, security_mails
from accounts.teams.actors import Actor
from accounts.workspaces import counted
from accounts.workspaces.counted import Counted
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError

KEY_PATTERN = re.compile(r"img_([a-z2-7]{10})_([A-Za-z0-9_-]{43})\Z")
MOST_KEYS = 50
LONGEST_NAME = 60
MOST_DAYS = 730


class InvalidKey(ApiError):
    """No living key was sent. One answer for absent, unknown, wrong, expired, revoked and orphaned keys."""

    status = 401
    code = "invalid_api_key"

    def __init__(self) -> None:
        super().__init__("Send a living API key as `Authorization: Bearer img_…`.")


class OutOfScope(ApiError):
    """The key was not given the permission."""

    status = 403
    code = "out_of_scope"


class InvalidKeySetting(ApiError):
    """A key cannot be made so."""

    code = "invalid_key_setting"


KEYS = Counted(
    kind="key",
    listed=lambda workspace_id: [row.prefix for row in key_rows.of_workspace(workspace_id)],
    exists=lambda prefix: key_rows.find(prefix) is not None,
    limit_of=lambda workspace: MOST_KEYS,
    refusal=lambda limit: InvalidKeySetting(f"A workspace has {limit} keys at most: revoke one first."),
)


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
        return self.as_member.name

    @property
    def as_member(self) -> Actor:
        """The key's maker, as far as the key may act for them."""
        return Actor(self.workspace_id, self.person_id, self.role, self.scopes, self.prefix)

    def require(self, permission: str) -> None:
        """Raise OutOfScope, or NotPermitted where the maker's role has lost the permission meanwhile."""
        if permission not in self.scopes:
            raise OutOfScope(f"This key lacks the scope {permission}.")
        roles.require(self.role, permission)


def create(
    workspace_id: str,
    person_id: str,
    role: str,
    *,
    name: str,
    scopes: Iterable[str],
    days: int | None = None,
    maker: str = "",
) -> tuple[str, ApiKey]:
    """Make a key, and tell the owners by mail; returns the plaintext key, shown this once, and its row. `days` until it
    expires, None for never, or for as long as the key that makes it, `maker`, a prefix. A key can do no more than its
    maker. Raises InvalidKeySetting, and InvalidKey where the maker has ended meanwhile."""
    scopes = sorted(set(scopes))
    _check(role, name, scopes, days)
    parent = _living(maker) if maker else None
    prefix, secret = tokens.random_id("k")[2:12], secrets.token_urlsafe(32)
    now = clock.now()
    row = ApiKey(
        prefix,
        digest=_digest(settings.SECRET_KEY, prefix, secret),
        workspace_id=workspace_id,
        person_id=person_id,
        name=name.strip(),
        scopes=scopes,
        created=now,
        expires=_end(now, days, parent),
        last_used_day="",
        ancestors=[*parent.ancestors, parent.prefix] if parent else [],
    )
    counted.add(KEYS, workspace_id, prefix, lambda transaction: transaction.save(row, if_absent=True))
    security_mails.key_created(row)
    return f"img_{prefix}_{secret}", row


def _end(now: float, days: int | None, parent: ApiKey | None) -> float:
    """When a key ends, never later than the one that makes it; 0 is never."""
    if not parent or not parent.expires:
        return now + days * clock.DAY if days else 0
    if days and now + days * clock.DAY > parent.expires:
        end = clock.stamp(parent.expires)
        raise InvalidKeySetting(f"A key ends no later than the one that makes it, which ends {end}.", param="days")
    return now + days * clock.DAY if days else float(parent.expires)


def _living(prefix: str) -> ApiKey:
    row = key_rows.find(prefix)
    if not key_rows.is_alive(row):
        raise InvalidKey
    return row


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
    if match is None:
        raise InvalidKey
    row = key_rows.find(match[1])
    if row is None or not _matches(row, match[2]) or not key_rows.is_alive(row):
        raise InvalidKey
    member = _maker(row)
    if member is None:
        raise InvalidKey
    _mark_used(row)
    return Caller(row.workspace_id, row.prefix, row.person_id, tuple(row.scopes), member.role)


def _maker(row: ApiKey) -> Member | None:
    """The membership of a key's maker, with which the key ends for good (A12)."""
    member = members.find(row.workspace_id, row.person_id)
    return member if member is not None and member.joined <= row.created else None


def maker_of(actor: str) -> str:
    """The prefix of the key that acts under a name of the audit log; empty where it is no key."""
    name, _, prefix = actor.partition(":")
    return prefix if name == "key" else ""


def holds(maker: str) -> bool:
    """Whether what was made by a key, named by its prefix, still holds: it ends with that key (H8). Always for what no
    key made."""
    if not maker:
        return True
    row = key_rows.find(maker)
    return key_rows.is_alive(row) and _maker(row) is not None


def of_workspace(workspace_id: str) -> list[ApiKey]:
    """The keys of a workspace, oldest first."""
    return key_rows.of_workspace(workspace_id)


def revoke(workspace_id: str, prefix: str, actor: str, reason: str = "") -> bool:
    """End a key of the workspace and every key that descends from it, with the audit log's entry; False where it has
    none of that prefix."""
    row = key_rows.find(prefix)
    if row is None or row.workspace_id != workspace_id:
        return False
    descendants = [other for other in of_workspace(workspace_id) if prefix in other.ancestors]
    before = {"keys": [other.prefix for other in descendants]} if descendants else None
    entry = audit.entry(workspace_id, actor, "key.revoked", prefix, before, reason=reason)

    def delete_all(transaction: dynamo.Transaction) -> None:
        for each in (row, *descendants):
            transaction.delete(each, condition=ApiKey.is_present())

    return audit.run_with_entry(entry, delete_all)


def of_prefix(prefix: str) -> ApiKey | None:
    """The key of a public prefix, expired or not."""
    return key_rows.find(prefix)


def _matches(row: ApiKey, secret: str) -> bool:
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(row.digest, _digest(key, row.prefix, secret)) for key in keys)


def _digest(server_key: str, prefix: str, secret: str) -> str:
    return tokens.keyed_digest(tokens.subkey(server_key.encode(), "accounts.apikeys"), (prefix, secret))


def _mark_used(row: ApiKey) -> None:
    day = clock.day(clock.now())
    if row.last_used_day == day:
        return
    if not key_rows.mark_used(row, day):
        raise InvalidKey  # revoked between the read and here
