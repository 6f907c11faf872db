"""The steps of an erasure, in order: each is safe to repeat, and returns only when its store has confirmed it."""

from accounts import store as accounts_store
from accounts.models import Person, Workspace
from accounts.workspaces import workspaces
from billing.stripe import subscriptions
from imgapis.base import buckets, tokens
from imgapis.base.errors import ApiError
from imgapis.base.holdings import Holding
from imgapis.privacy import registry, store
from imgapis.rows.privacy import Erasure
from transforms import privacy as transforms_privacy

LIVES = ("365d", "1d")
Counts = dict[str, int]


class NotConfirmed(ApiError):
    """A store did not confirm the erasure; the step is retried."""

    status = 503
    code = "erasure_not_confirmed"

    def __init__(self):
        super().__init__("A store has not confirmed the erasure yet.", retry_after=60)


def steps(kind: str) -> tuple:
    """The steps of a kind of erasure: functions of its row that return name → how many were removed."""
    apps = tuple(_rows_of(app) for app in registry.APPS)
    if kind == "workspace":
        return (_stripe, _close, _hostnames, *apps, _outputs)
    return (_end_sessions, *apps)


def _stripe(row: Erasure) -> Counts:
    """End the subscriptions first, so that nobody pays for what is erased. Without a customer there is none. Raises
    NotConfirmed."""
    ended_count = subscriptions.terminate(row.subject_id)
    if not subscriptions.is_terminated(row.subject_id):
        raise NotConfirmed
    return {"subscriptions": ended_count}


def _close(row: Erasure) -> Counts:
    """The tombstone: without the workspace's row no counter is opened, no event shipped, no picture served. The folder
    of its outputs is recorded first: the key it derives from is destroyed with the row."""
    workspace = accounts_store.workspace(row.subject_id)
    if workspace is None:
        return {}
    folder = tokens.subkey(workspaces.key(workspace), "folder").hex()[:32]
    store.set_folder(row, folder)
    return _remove("workspace", _holding(Workspace), row.subject_id)


def _hostnames(row: Erasure) -> Counts:
    return {"hostnames": transforms_privacy.free_hostnames(row.subject_id)}


def _outputs(row: Erasure) -> Counts:
    """Delete the outputs after the rows: a request still running then has no counter to charge."""
    if not row.folder:
        return {"outputs": 0}
    return {"outputs": sum(buckets.delete_prefix(f"{life}/{row.folder}/") for life in LIVES)}


def _end_sessions(row: Erasure) -> Counts:
    """A person's tombstone: a new session round invalidates every session, those that begin now included."""
    person = accounts_store.person(row.subject_id)
    if person is not None:
        person.update(actions=[Person.session_round.add(1)], condition=Person.is_present())
    return {}


def _rows_of(app: str):
    def remove(row: Erasure) -> Counts:
        counts: Counts = {}
        for holding in registry.APPS[app]:
            counts |= _remove(row.kind, holding, row.subject_id)
        return counts

    remove.__name__ = f"_rows_of_{app}"
    return remove


def _remove(kind: str, holding: Holding, subject_id: str) -> Counts:
    find = registry.find(kind, holding)
    if find is None:
        return {}
    name, removed = holding.row.Meta.table_name.partition("-")[2], 0
    if holding.detach is not None and _in_part(kind, holding):
        for row in find(subject_id):
            removed += holding.detach(row) is not False
    else:
        with holding.row.batch_write() as writer:
            for row in find(subject_id):
                writer.delete(row)
                removed += 1
    return {name: removed}


def _in_part(kind: str, holding: Holding) -> bool:
    """Whether `part` removes the rows: not a workspace's members, which are deleted whole; a person's memberships are
    removed one by one, so that the count of owners stays right."""
    return not (kind == "workspace" and holding.of_person)


def _holding(row_class: type) -> Holding:
    return next(holding for holding in registry.HOLDINGS if holding.row is row_class)
