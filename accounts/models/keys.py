"""API keys: found by prefix, and whether one is still alive with every key it descends from."""

from typing import TypeGuard

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from imgapis.base import clock, dynamo, shapes
from imgapis.base.dynamo import DataHandling, declared
from imgapis.base.measures import Moment

ACCOUNT = DataHandling("account", "until it is revoked, or erasure")


class KeysOfWorkspace(GlobalSecondaryIndex):
    """Lists the keys of a workspace; no decision is read from it."""

    class Meta:
        index_name = "workspace"
        projection = AllProjection()

    workspace_id = UnicodeAttribute(hash_key=True)
    created = NumberAttribute(range_key=True)


class ApiKey(dynamo.Row):
    """A key of the REST API: found by its public prefix, proven by a keyed digest of its secret (A12)."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("apikeys")

    prefix = declared(UnicodeAttribute(hash_key=True), "finds and names the key", ACCOUNT)
    digest = declared(
        UnicodeAttribute(),
        "proves the secret, which is stored nowhere",
        DataHandling("security", "until it is revoked, or erasure", exported=False),
    )
    workspace_id = declared(UnicodeAttribute(), "whose key it is", ACCOUNT)
    person_id = declared(UnicodeAttribute(), "ends the key with its maker's membership", ACCOUNT)
    name = declared(UnicodeAttribute(), "tells its maker what it is for", ACCOUNT)
    scopes = declared(JSONAttribute(), "what the key may do", ACCOUNT, shape=shapes.TEXTS)
    created = declared(Moment(), "when it was made", ACCOUNT)
    expires = declared(Moment(), "when it ends; 0 is never", ACCOUNT)
    last_used_day = declared(UnicodeAttribute(default=""), "the last day it was used, no finer", ACCOUNT)
    ancestors = declared(
        JSONAttribute(default=list),
        "the keys it descends from, oldest first, with which it ends",
        ACCOUNT,
        shape=shapes.TEXTS,
    )
    workspace_index = KeysOfWorkspace()


def find(prefix: str) -> ApiKey | None:
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


def mark_used(row: ApiKey, day: str) -> bool:
    """Write down the last day a key was used; False where it is gone."""
    return row.update_if(ApiKey.is_present(), last_used_day=day)
