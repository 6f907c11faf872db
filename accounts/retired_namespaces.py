"""Namespaces that were erased: kept as keyed digests alone, so that nobody is ever given one of them."""

from django.conf import settings

from accounts.models import Namespace
from imgapis.base import dynamo, tokens

MARK = "spent:"  # no namespace has a colon
NOBODY = "-"


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
    return tuple(dict.fromkeys((settings.PRIVACY_KEY, *settings.PRIVACY_KEY_FALLBACKS)))


def _name(key: str, namespace: str) -> str:
    return MARK + tokens.keyed_digest(tokens.subkey(key.encode(), "accounts.spent"), (namespace,))
