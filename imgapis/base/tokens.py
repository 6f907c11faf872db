"""Random ids, time-ordered ids, and secrets sealed or derived from keys."""

import base64
import hashlib
import hmac
import secrets
import uuid
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def random_id(prefix: str) -> str:
    """An opaque id of 120 random bits, `ws_…`."""
    return prefix + "_" + base64.b32encode(secrets.token_bytes(15)).decode().lower()


def time_ordered_id(moment: float, random_bits: int | None = None) -> str:
    """A UUIDv7 (RFC 9562) whose time is `moment` (seconds): ids sort as their times do. The rest is random, or the
    lowest 80 of `random_bits`."""
    tail = secrets.randbits(80) if random_bits is None else random_bits & ((1 << 80) - 1)
    value = (int(moment * 1000) & ((1 << 48) - 1)) << 80 | tail
    value = value & ~(0xF << 76) | 0x7 << 76
    return str(uuid.UUID(int=value & ~(0x3 << 62) | 0x2 << 62))


def moment_of(time_ordered: str) -> float:
    """The time inside a UUIDv7, in seconds, exact to the millisecond."""
    return (uuid.UUID(time_ordered).int >> 80) / 1000


def subkey(key: bytes, purpose: str) -> bytes:
    """A key of its own for one purpose, so that digests made for two purposes cannot be compared (P05)."""
    return hmac.digest(key, purpose.encode(), "sha256")


def keyed_digest(key: bytes, parts: tuple[str, ...]) -> str:
    """HMAC-SHA256 in hex over length-prefixed parts: no two tuples give the same bytes (K3)."""
    message = b"".join(len(data).to_bytes(8, "big") + data for data in (part.encode() for part in parts))
    return hmac.new(key, message, hashlib.sha256).hexdigest()


@lru_cache(maxsize=8)
def _sealer(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(subkey(key.encode(), "imgapis.base.tokens.seal"))) for key in keys]
    )


def _current() -> MultiFernet:
    return _sealer((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


def seal(secret: bytes) -> str:
    """Encrypt a secret for storage under SECRET_KEY; SECRET_KEY_FALLBACKS still open it."""
    return _current().encrypt(secret).decode()


def unseal(sealed: str) -> bytes:
    """Decrypt what `seal` made; raises cryptography's InvalidToken where no key fits."""
    return _current().decrypt(sealed.encode())
