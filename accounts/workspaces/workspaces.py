"""Making and changing workspaces: names, keys and access lists."""

import re
import secrets
from typing import Any

from django.conf import settings
from pynamodb.exceptions import TransactWriteError

from accounts import audit
from accounts.models import AuditEntry, Workspace, members
from accounts.models import workspaces as workspace_rows
from accounts.sessions import throttles
from accounts.workspaces import entitlements, namespaces, ownership
from imgapis.base import clock, dynamo, tokens
from imgapis.base.errors import ApiError, EditConflict

LONGEST_NAME = 100
CLAIMS_PER_DAY = 30
REPEAT_SECONDS = 600
NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])\Z")
RESERVED = {
    "www",
    "api",
    "admin",
    "app",
    "dashboard",
    "docs",
    "status",
    "mail",
    "smtp",
    "ftp",
    "cdn",
    "static",
    "assets",
    "img",
    "images",
    "localhost",
    "blog",
    "help",
    "support",
    "billing",
    "account",
    "accounts",
    "login",
    "auth",
    "oauth",
    "root",
    "test",
    "staging",
    "internal",
}


class InvalidNamespace(ApiError):
    """The text cannot be a namespace."""

    code = "invalid_namespace"


class InvalidBusinessName(ApiError):
    """The text cannot be a business name."""

    code = "invalid_business_name"


class TooManyNamespaces(ApiError):
    """Somebody has claimed their namespaces of today: none is ever free again, so they are not for hoarding."""

    status = 429
    code = "too_many_namespaces"

    def __init__(self) -> None:
        message = f"Nobody takes more than {CLAIMS_PER_DAY} namespaces a day. Go on tomorrow."
        super().__init__(message, param="namespace", retry_after=3600)


class NamespacesSpent(ApiError):
    """Somebody has taken as many namespaces as one person ever may."""

    status = 409
    code = "namespaces_spent"

    def __init__(self) -> None:
        super().__init__(
            f"One person takes {namespaces.NAMESPACES_PER_PERSON} namespaces at most, as none is ever given to anybody"
            " else again. A workspace may go back to a name it had. If you need another one, write to us.",
            param="namespace",
        )


def check_namespace(namespace: str) -> str:
    """The namespace, if it can be one: 3 to 40 of a-z, 0-9 and inner hyphens, not reserved, no punycode."""
    if not NAMESPACE.match(namespace) or "--" in namespace:
        raise InvalidNamespace(
            "A namespace is 3 to 40 characters of a-z, 0-9 and single inner hyphens.", param="namespace"
        )
    if namespace in RESERVED:
        raise InvalidNamespace(f"The namespace {namespace} is reserved.", param="namespace")
    return namespace


def create_unowned(*, namespace: str, business_name: str = "", allowance: int) -> Workspace:
    """Create a workspace without members, as the shell does. `allowance` is in half-credits a period. Raises
    InvalidNamespace, NamespaceTaken."""
    row = _new_row(namespace, business_name, allowance, owners=0)
    namespaces.create(row)
    return row


def create(person_id: str, *, namespace: str, business_name: str) -> Workspace:
    """Create a workspace with its first owner; repeated within ten minutes it returns the same workspace, so that a
    lost answer or a second click makes nobody a stranger to their own. Raises InvalidNamespace, InvalidBusinessName,
    NamespaceTaken, TooManyWorkspaces, TooManyNamespaces, NamespacesSpent, EditConflict."""
    row = _new_row(namespace, checked_business_name(business_name), default_allowance(), owners=1)
    if (just_created := _just_created(row, person_id)) is not None:
        return just_created
    ownership.owned_with_place(person_id)
    _count_claim(person_id)
    entry = audit.entry(row.workspace_id, person_id, "workspace.created", row.workspace_id)
    try:
        _create(row, person_id, entry)
    except namespaces.NamespaceTaken:
        if (just_created := _just_created(row, person_id)) is None:
            raise
        return just_created
    return row


def _create(row: Workspace, person_id: str, entry: AuditEntry) -> None:
    """Write a new workspace, once, however often its own answer is lost on the way."""
    for _ in dynamo.retries():
        owner = ownership.owned_with_place(person_id)
        if owner.namespaces_taken >= namespaces.NAMESPACES_PER_PERSON:
            raise NamespacesSpent
        try:
            return namespaces.create_with_owner(row, owner, entry)
        except TransactWriteError as error:
            if workspace_rows.find(row.workspace_id) is not None:
                return None
            if isinstance(error, dynamo.TransactionCanceled) and "namespace" in error.failed | error.conflicting:
                raise namespaces.NamespaceTaken(
                    f"The namespace {row.namespace} is taken.", param="namespace"
                ) from error
            lost = error
    raise EditConflict() if isinstance(lost, dynamo.TransactionCanceled) else lost


def _just_created(row: Workspace, person_id: str) -> Workspace | None:
    """The workspace that the same person created by the same form a moment ago."""
    existing = workspace_rows.of_namespace(row.namespace)
    if existing is None or existing.business_name != row.business_name or existing.namespace != row.namespace:
        return None
    member = members.find(existing.workspace_id, person_id)
    is_recent = existing.created > clock.now() - REPEAT_SECONDS
    return existing if is_recent and member is not None and member.role == "owner" else None


def of_person(person_id: str) -> list[tuple[Workspace, str]]:
    """The workspaces of a person with their role in each, by namespace; from an index, for lists alone."""
    role_by_workspace = {member.workspace_id: member.role for member in members.of_person(person_id)}
    rows = sorted(workspace_rows.of_ids(list(role_by_workspace)), key=lambda row: row.namespace)
    return [(row, role_by_workspace[row.workspace_id]) for row in rows]


def rename(row: Workspace, actor: str, namespace: str, person_id: str = "") -> None:
    """Take another namespace; the old one goes on serving and is never given to anyone else; `row` is refreshed.
    `person_id`: who it counts for, where the actor is a key. Raises InvalidNamespace, NamespaceTaken,
    TooManyNamespaces, NamespacesSpent, EditConflict."""
    if namespace == row.namespace:
        return
    old_namespace, namespace = row.namespace, check_namespace(namespace)
    _count_claim(row.workspace_id)
    entry = audit.entry(row.workspace_id, actor, "workspace.renamed", row.workspace_id, old_namespace, namespace)
    earlier_workspace = workspace_rows.of_namespace(namespace)
    is_own = earlier_workspace is not None and earlier_workspace.workspace_id == row.workspace_id
    _rename(row, namespace, entry, "" if is_own else person_id or actor)
    workspace_rows.reload(row)


def change(row: Workspace, *entries: AuditEntry, **values: Any) -> None:
    """Set attributes of a workspace that exists, with entries of the audit log; `row` is refreshed."""
    actions = Workspace.assignments(values)
    with dynamo.transaction() as transaction:
        for entry in entries:
            audit.add_to_transaction(transaction, entry)
        transaction.update(row, actions, condition=Workspace.is_present())
    workspace_rows.reload(row)


def change_business_name(row: Workspace, actor: str, business_name: str) -> None:
    """Change the name the customer goes by. Raises InvalidBusinessName. The audit log has the act without the name: it
    is personal where one person is the business."""
    entry = audit.entry(row.workspace_id, actor, "workspace.changed", row.workspace_id)
    change(row, entry, business_name=checked_business_name(business_name))


def set_suspended(row: Workspace, actor: str, *, suspended: bool, reason: str) -> None:
    """Suspend a workspace, or resume it: within five seconds on every server, cached pictures included."""
    before = bool(row.suspended)
    act = "workspace.suspended" if suspended else "workspace.resumed"
    values = {"suspended": before}, {"suspended": suspended}
    entry = audit.entry(row.workspace_id, actor, act, row.workspace_id, *values, reason)
    change(row, entry, suspended=suspended)


def checked_business_name(text: str) -> str:
    """A name of 1 to 100 printable characters."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NAME or not text.isprintable():
        raise InvalidBusinessName(
            f"A business name is 1 to {LONGEST_NAME} characters on one line.", param="business_name"
        )
    return text


def _count_claim(subject_id: str) -> None:
    if not throttles.allow(f"namespaces {subject_id}", CLAIMS_PER_DAY):
        raise TooManyNamespaces


def _rename(row: Workspace, namespace: str, entry: AuditEntry, person_id: str) -> None:
    """Write another namespace. Raises NamespaceTaken, NamespacesSpent, EditConflict."""
    for _ in dynamo.retries():
        try:
            return namespaces.rename(row, namespace, entry, person_id)
        except TransactWriteError as error:
            current = workspace_rows.find(row.workspace_id)
            if current is not None and current.namespace == namespace:
                return None  # written before, and the answer was lost
            if isinstance(error, dynamo.TransactionCanceled) and (error.failed or error.conflicting != {"count"}):
                raise _conflict(error, namespace) from error
            lost = error
    raise EditConflict() if isinstance(lost, dynamo.TransactionCanceled) else lost


def _conflict(error: dynamo.TransactionCanceled, namespace: str) -> ApiError:
    """The error that a lost transaction means."""
    if "namespace" in error.failed | error.conflicting:
        return namespaces.NamespaceTaken(f"The namespace {namespace} is taken.", param="namespace")
    return NamespacesSpent() if "count" in error.failed else EditConflict()


def _new_row(namespace: str, business_name: str, allowance: int, owners: int) -> Workspace:
    return Workspace(
        tokens.random_id("ws"),
        namespace=check_namespace(namespace),
        business_name=business_name,
        sealed_key=tokens.seal(secrets.token_bytes(32)),
        allowed_origins=["*"],
        allowed_sources=[],
        allowance=allowance,
        created=clock.now(),
        suspended=False,
        owners=owners,
        engine=settings.ENGINE_VERSION,
    )


def key(row: Workspace) -> bytes:
    """The workspace's own key, opened."""
    return tokens.unseal(row.sealed_key)


def default_allowance() -> int:
    """Half-credits a period of a new workspace."""
    return entitlements.STARTING_HALVES
