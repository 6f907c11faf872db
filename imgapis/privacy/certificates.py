"""Erasure certificates: JSON signed by Ed25519, verified offline with a published key. No personal data."""

import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from imgapis.base import tokens
from imgapis.base.errors import ApiError


class InvalidCertificate(ApiError):
    """The certificate is not whole, or not ours."""

    code = "invalid_certificate"


def sign(content: dict) -> dict:
    """A certificate: the content, its signature, and the public key that verifies it."""
    key = _key(settings.PRIVACY_KEY)
    signature = key.sign(signed_bytes(content))
    return {"certificate": content, "key": _text(_raw(key)), "signature": _text(signature)}


def verify(document: dict, keys: list[str] | None = None) -> dict:
    """The content of a certificate signed by one of `keys` (None: the published ones). Raises InvalidCertificate."""
    try:
        content, key, signature = document["certificate"], document["key"], document["signature"]
        if key not in (published() if keys is None else keys):
            raise InvalidCertificate("The certificate's key is not a published one.")
        public_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public_key.verify(base64.b64decode(signature), signed_bytes(content))
    except (InvalidSignature, KeyError, TypeError, ValueError) as error:
        raise InvalidCertificate("The certificate was altered, or is not whole.") from error
    return content


def published() -> list[str]:
    """The public keys, the present one first: 32 bytes each in base64."""
    return [_text(_raw(_key(key))) for key in (settings.PRIVACY_KEY, *settings.PRIVACY_KEY_FALLBACKS)]


def signed_bytes(content: dict) -> bytes:
    """What is signed: the content as JSON, names sorted, no spaces, ASCII."""
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(tokens.subkey(secret.encode(), "imgapis.privacy.certificates"))


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
