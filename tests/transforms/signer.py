"""A signer of the tests' own, after what docs/signing.md says; it shares no code with the server."""

import base64
import hashlib
import hmac
import json


def signature(key: str, text: str) -> str:
    """`<key id>.<base64url of HMAC-SHA256>` of a text, by a key as it is shown: `<key id>.<secret>`."""
    key_id, _, secret = key.partition(".")
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{key_id}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def signed(key: str, address: str) -> str:
    """An address (path and query) with its signature."""
    path, _, query = address.partition("?")
    canonical = "&".join(sorted(query.split("&"), key=lambda piece: piece.split("=")[0]))
    return f"{address}&sig={signature(key, f'{path}?{canonical}')}"


def policy(key: str, **rule) -> str:
    """The end of an address: a policy and its signature."""
    text = base64.urlsafe_b64encode(json.dumps(rule).encode()).decode().rstrip("=")
    return f"policy={text}&sig={signature(key, f'policy:{text}')}"
