"""Making and changing workspaces: names, keys and access lists."""

import re
import secrets

from django.conf import settings

from accounts import store
from accounts.models import Workspace
from imgapis.base import clock, tokens
from imgapis.base.errors import Refusal

NAMESPACE = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])\Z")
RESERVED = {
    "www", "api", "admin", "app", "dashboard", "docs", "status", "mail", "smtp", "ftp", "cdn", "static", "assets",
    "img", "images", "localhost", "blog", "help", "support", "billing", "account", "accounts", "login", "auth",
    "oauth", "root", "test", "staging", "internal",
}  # fmt: skip


class InvalidNamespace(Refusal):
    """The text cannot be a namespace."""

    code = "invalid_namespace"


def check_namespace(namespace: str) -> str:
    """The namespace, if it can be one: 3 to 40 of a-z, 0-9 and inner hyphens, not reserved, no punycode."""
    if not NAMESPACE.match(namespace) or "--" in namespace:
        raise InvalidNamespace(
            "A namespace is 3 to 40 characters of a-z, 0-9 and single inner hyphens.", param="namespace"
        )
    if namespace in RESERVED:
        raise InvalidNamespace(f"The namespace {namespace} is reserved.", param="namespace")
    return namespace


def create(*, namespace: str, business_name: str = "", allowance: int) -> Workspace:
    """Create a workspace. `allowance` is in half-credits a period. Raises InvalidNamespace, NamespaceTaken."""
    row = Workspace(
        tokens.random_id("ws"), namespace=check_namespace(namespace), business_name=business_name,
        sealed_key=tokens.seal(secrets.token_bytes(32)), allowed_origins=["*"], allowed_sources=["*"],
        allowance=allowance, created=clock.now(), suspended=False,
    )  # fmt: skip
    store.create_workspace(row)
    return row


def key(row: Workspace) -> bytes:
    """The workspace's own key, opened."""
    return tokens.unseal(row.sealed_key)


def default_allowance() -> int:
    """Half-credits a period of a new workspace: a plain number until billing writes its own."""
    return settings.FREE_CREDITS * 2
