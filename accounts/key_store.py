"""The data access of API keys: found by prefix, and whether one is still alive with every key it descends from."""

from typing import TypeGuard

from accounts.rows.keys import ApiKey
from imgapis.base import clock


def key(prefix: str) -> ApiKey | None:
    """The key of a public prefix, expired or not."""
    return ApiKey.find(prefix)


def of_workspace(workspace_id: str) -> list[ApiKey]:
    """The keys of a workspace, oldest first; from an index, for lists alone."""
    return list(ApiKey.workspace_index.query(workspace_id))


def is_alive(row: ApiKey | None) -> TypeGuard[ApiKey]:
    """Whether a key and every key it descends from are there and have not expired (H8)."""
    if row is None or _expired(row):
        return False
    if not row.ancestors:
        return True
    ancestors = list(ApiKey.batch_get(list(row.ancestors), consistent_read=True))
    return len(ancestors) == len(row.ancestors) and not any(map(_expired, ancestors))


def _expired(row: ApiKey) -> bool:
    return bool(row.expires) and row.expires <= clock.now()
