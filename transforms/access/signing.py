"""Signatures of image URLs: HMAC-SHA256 over the URL itself, or over a policy for many URLs."""

import base64
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from imgapis.base.errors import ApiError
from transforms.access import raw_query, signed_policies
from transforms.access.raw_query import RawParameter
from transforms.access.signed_policies import Policy
from transforms.tenant.tenants import SigningKey, Tenant

PARAMETERS = ("sig", "exp", "policy")
MOMENT = re.compile(r"(?:0|[1-9][0-9]{0,10})\Z")


class SignatureMissing(ApiError):
    """The workspace requires signatures, and the URL has none."""

    status = 403
    code = "signature_missing"

    def __init__(self):
        super().__init__("This workspace serves signed addresses only: sig is missing.", param="sig")


class SignatureInvalid(ApiError):
    """The signature matches no live key of the workspace, or is of another URL."""

    status = 403
    code = "signature_invalid"

    def __init__(self):
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

    query: str
    policy: Policy | None = None
    until: float | None = None


def check(tenant: Tenant, path: str, raw: str, now: float) -> VerifiedQuery:
    """Verify the signature of a URL before anything else. `path` and `raw` are as sent, percent-escapes included.

    Where the workspace does not require signatures, they are removed unverified. Raises SignatureMissing,
    SignatureInvalid, SignatureExpired, and ApiError for a malformed or repeated parameter.
    """
    pieces = raw_query.read(raw)
    sig, exp, policy = (raw_query.one(pieces, name) for name in PARAMETERS)
    until = _moment(exp)
    unsigned_query = raw_query.write(raw_query.without(pieces, PARAMETERS))
    if not tenant.signing_required:
        return VerifiedQuery(unsigned_query)
    if not sig:
        raise SignatureMissing
    if policy is not None and exp is not None:
        sentence = "A policy says itself until when it holds; leave exp out."
        raise ApiError(sentence, code="conflicting_parameters", param="exp")
    signed_text = message(path, pieces) if policy is None else policy_message(policy)
    if not _fits(tenant.signing_keys, sig, signed_text):
        raise SignatureInvalid
    parsed_policy = signed_policies.read(policy) if policy is not None else None
    until = until if parsed_policy is None else parsed_policy.until
    if until is not None and until <= now:
        raise SignatureExpired("exp" if parsed_policy is None else "policy")
    return VerifiedQuery(unsigned_query, parsed_policy, until)


def message(path: str, pieces: Iterable[RawParameter]) -> bytes:
    """The signed text: the path, then every parameter but sig, as sent, sorted by name; repeated ones in order."""
    raw_pieces = sorted((piece.raw for piece in pieces if piece.name != "sig"), key=lambda raw: raw.partition("=")[0])
    return f"{path}?{'&'.join(raw_pieces)}".encode("latin-1", "replace")


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
