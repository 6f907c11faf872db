"""The permissions of each role in a workspace: one pure table, shown where a role is chosen and checked by every
route."""

from collections.abc import Collection

from imgapis.base.errors import ApiError

ROLES = ("owner", "admin", "developer", "billing", "viewer")

# permission → (what it allows, in a sentence's end; the roles that have it)
PERMISSIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "workspace.view": ("see the workspace, its sources and its usage", ROLES),
    "sources.edit": ("add, change, test and delete sources", ("owner", "admin", "developer")),
    "access.edit": ("change allow-lists, signing, presets and fallbacks", ("owner", "admin", "developer")),
    "domains.edit": ("add and remove custom domains", ("owner", "admin", "developer")),
    "cache.purge": ("purge cached pictures", ("owner", "admin", "developer")),
    "keys.manage": ("make and revoke API keys", ("owner", "admin", "developer")),
    "billing.manage": ("change the plan, caps and payment", ("owner", "admin", "billing")),
    "audit.view": ("read the audit log", ("owner", "admin", "billing")),
    "members.manage": ("invite, change and remove teammates", ("owner", "admin")),
    "workspace.edit": ("rename the workspace and change its settings", ("owner", "admin")),
    "workspace.own": ("transfer, export and delete the workspace", ("owner",)),
}


class NotPermitted(ApiError):
    """A member's role does not allow the act."""

    status = 403
    code = "not_permitted"


def allows(role: str, permission: str) -> bool:
    """Whether a role has a permission."""
    return role in PERMISSIONS[permission][1]


def require(role: str, permission: str) -> None:
    """Raise NotPermitted where the role lacks the permission."""
    if not allows(role, permission):
        raise NotPermitted(f"Your role, {role}, does not allow you to {PERMISSIONS[permission][0]}.")


def grantable(granter: str, scopes: Collection[str] | None = None) -> tuple[str, ...]:
    """The roles a member may give to others: an owner any, an admin any but owner, the rest none. By a key of theirs,
    whose `scopes` are given, those that may do nothing the key may not, and never owner (H8)."""
    given = {"owner": ROLES, "admin": ROLES[1:]}.get(granter, ())
    if scopes is None:
        return given
    return tuple(role for role in given if role != "owner" and set(permissions(role)) <= set(scopes))


def permissions(role: str) -> tuple[str, ...]:
    """What a role may do, in the order of the table."""
    return tuple(name for name in PERMISSIONS if allows(role, name))


def matrix() -> list[tuple[str, list[bool]]]:
    """The table for display: the description of a permission, then a boolean per role in the order of ROLES."""
    return [(meaning, [role in allowed_roles for role in ROLES]) for meaning, allowed_roles in PERMISSIONS.values()]
