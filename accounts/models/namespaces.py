"""The claims of namespaces, and how many a person has taken. A namespace that was erased is kept as a keyed digest
alone, so that nobody is ever given it."""

from django.conf import settings
from pynamodb.attributes import UnicodeAttribute

from accounts.models.handling import ACCOUNT
from imgapis.base import dynamo, tokens
from imgapis.base.dynamo import declared
from imgapis.base.measures import Whole

MARK = "spent:"  # no namespace has a colon
NOBODY = "-"


class Namespace(dynamo.Row):
    """The claim of a namespace: unique, and never given to anyone else."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("namespaces")

    namespace = declared(UnicodeAttribute(hash_key=True), "is the first label of the image host", ACCOUNT)
    workspace_id = declared(UnicodeAttribute(), "finds the workspace of an image host", ACCOUNT)


class NamespaceCount(dynamo.Row):
    """How many namespaces somebody has taken, for new workspaces and for renamed ones, because none is ever free again;
    and how often they became an owner."""

    class Meta(dynamo.Options):
        table_name = dynamo.table_name("namespace-counts")

    person_id = declared(UnicodeAttribute(hash_key=True), "who took them", ACCOUNT)
    taken = declared(Whole(default=0), "keeps one person from taking names without end", ACCOUNT)
    owner_revision = declared(Whole(default=0), "keeps one person from owning more than their plans allow", ACCOUNT)


def require_available(transaction: dynamo.Transaction, namespace: str) -> None:
    """Have a transaction fail where the namespace was an erased workspace's."""
    for key in _keys():
        transaction.check(Namespace, _name(key, namespace), condition=Namespace.is_absent(), name="namespace")


def retire(row: Namespace) -> None:
    """Store a namespace as a keyed digest, then delete the row that names it. Safe to repeat."""
    digest_row = Namespace(_name(_keys()[0], row.namespace), workspace_id=NOBODY)
    digest_row.save_if(Namespace.is_absent())
    row.delete()


def _keys() -> tuple[str, ...]:
    return tuple(key for key in dict.fromkeys((settings.PRIVACY_KEY, *settings.PRIVACY_KEY_FALLBACKS)) if key)


def _name(key: str, namespace: str) -> str:
    return MARK + tokens.keyed_digest(tokens.subkey(key.encode(), "accounts.spent"), (namespace,))


def count_of(person_id: str) -> NamespaceCount | None:
    """How many namespaces a person has taken; None where none was."""
    return NamespaceCount.find(person_id)
