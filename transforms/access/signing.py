"""Signatures of image URLs: HMAC-SHA256 over the URL itself, or over a policy for many URLs."""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from imgapis.base.errors import ApiError
from transforms import engine_errors
from transforms.access import signed_policies
from transforms.access.signed_policies import Policy
from transforms.engine.request.query import SIGNATURE, Query
from transforms.tenant.tenants import SigningKey, Tenant

MOMENT = re.compile(r"(?:0|[1-9][0-9]{0,10})\Z")


class SignatureMissing(ApiError):
    """The workspace requires signatures, and the URL has none."""

    status = 403
    code = "signature_missing"

    def __init__(self) -> None:
        super().__init__("This workspace serves signed addresses only: sig is missing.", param="sig")


class SignatureInvalid(ApiError):
    """The signature matches no live key of the workspace, or is of another URL."""

    status = 403
    code = "signature_invalid"

    def __init__(self) -> None:
        super().__init__("The signature does not fit this address, or its key is no longer live.", param="sig")


class SignatureExpired(ApiError):
    """The signature is valid, and has expired."""

    status = 403
    code = "signature_expired"

    def __init__(self, param: str):
        super().__init__("The signature of this address has expired.", param=param)


@dataclass(frozen=True)
class VerifiedQuery:
    """A verified URL: the query without its signature, the policy that applies, and the expiry of the signature in
    seconds since 1970 (None: never)."""

    query: Query
    policy: Policy | None = None
    until: float | None = None


def check(tenant: Tenant, path: str, query: Query, now: float) -> VerifiedQuery:
    """Verify the signature of a URL before anything else. `path` is as sent, percent-escapes included.

    Where the workspace does not require signatures, they are removed unverified. Raises SignatureMissing,
    SignatureInvalid, SignatureExpired, and ApiError for a malformed or repeated parameter.
    """
    with engine_errors.as_api_errors():
        sig, exp, policy = (query.value(name) for name in SIGNATURE)
    until = _moment(exp)
    unsigned_query = query.without_signature()
    if not tenant.signing_required:
        return VerifiedQuery(unsigned_query)
    if not sig:
        raise SignatureMissing
    if policy is not None and exp is not None:
        sentence = "A policy says itself until when it holds; leave exp out."
        raise ApiError(sentence, code="conflicting_parameters", param="exp")
    signed_text = message(path, query) if policy is None else policy_message(policy)
    if not _fits(tenant.signing_keys, sig, signed_text):
        raise SignatureInvalid
    parsed_policy = signed_policies.read(policy) if policy is not None else None
    until = until if parsed_policy is None else parsed_policy.until
    if until is not None and until <= now:
        raise SignatureExpired("exp" if parsed_policy is None else "policy")
    return VerifiedQuery(unsigned_query, parsed_policy, until)


def message(path: str, query: Query) -> bytes:
    """The signed text of a URL, of which `path` is as sent."""
    return f"{path}?{query.signed_text()}".encode("latin-1", "replace")


def policy_message(policy: str) -> bytes:
    """The signed text of a policy. It starts as no path does, so neither kind of signature passes for the other."""
    return f"policy:{policy}".encode()


def sign(key: SigningKey, text: bytes) -> str:
    """The signature by a key: its id, a dot, the HMAC in base64url without padding."""
    digest = hmac.digest(key.secret.encode(), text, "sha256")
    return f"{key.key_id}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


def sent_path(raw_uri: str, path: str) -> str:
    """The path as the client sent it. `raw_uri` is the request line's; where it does not decode to `path` (the one
    that is routed), `path` is percent-encoded again."""
    raw_path = raw_uri.partition("?")[0].partition("#")[0]
    if unquote_to_bytes(raw_path) != path.encode("utf-8", "surrogateescape"):
        raw_path = quote(path.encode("utf-8", "surrogateescape"))
    return raw_path.removeprefix("/explain") if raw_path.startswith("/explain/") else raw_path


def _moment(text: str | None) -> float | None:
    if text is None:
        return None
    if not MOMENT.match(text):
        raise ApiError("exp is a whole number of seconds since 1970.", code="invalid_parameter", param="exp")
    return float(text)


def _fits(keys: Iterable[SigningKey], sig: str, text: bytes) -> bool:
    """Whether any key made the signature; every key is tried, in constant time."""
    signature = sig.encode("utf-8", "replace")
    return sum(hmac.compare_digest(sign(key, text).encode(), signature) for key in keys) > 0
