"""What verify_privacy plants: marks that exist nowhere else, by what may become of them, and what they look like."""

import base64
import hashlib
import hmac
import secrets
import string
from dataclasses import dataclass, field

from django.conf import settings

IP = "203.0.113.77"  # TEST-NET-3 (RFC 5737): nobody's address
ALGORITHMS = ("md5", "sha1", "sha256")


@dataclass
class Marks:
    """One run's marks, name → text.

    `viewer` is never kept; `original` is of the picture before it is transformed, and never kept either; `account`
    is kept in tables until erasure; `secret` is readable nowhere, ever; `hashed` is what no plain digest may stand of.
    """

    token: str
    viewer: dict[str, bytes] = field(default_factory=dict)
    original: dict[str, bytes] = field(default_factory=dict)
    account: dict[str, bytes] = field(default_factory=dict)
    secret: dict[str, bytes] = field(default_factory=dict)
    hashed: dict[str, str] = field(default_factory=dict)

    def say(self, kind: str, name: str, joint: str = "-") -> str:
        """The text of a mark, planted from now on."""
        text = f"{self.token}{joint}{name}"
        getattr(self, kind)[name] = text.encode()
        return text

    def email(self, name: str) -> str:
        """An address that is a mark."""
        address = f"{self.say('account', name)}@canary.example"
        self.hashed[name] = address
        return address

    def values(self) -> dict[str, bytes]:
        """Every mark, for places where none may be."""
        return self.viewer | self.original | self.account | self.secret | self.digests()

    def digests(self) -> dict[str, bytes]:
        """The digests of every text in `hashed`, plain ones and those under the server's key, as hex, as bytes and in
        base 64 (V6, V7)."""
        keyed_digests = {
            f"keyed digest of {name}, {form}": needle
            for name, text in self.hashed.items()
            for form, needle in forms(hmac.digest(settings.SECRET_KEY.encode(), text.encode(), "sha256")).items()
        }
        return keyed_digests | {
            f"{algorithm} of {name}, {form}": needle
            for name, text in self.hashed.items()
            for algorithm in ALGORITHMS
            for form, needle in forms(hashlib.new(algorithm, text.encode(), usedforsecurity=False).digest()).items()
        }


def forms(digest: bytes) -> dict[str, bytes]:
    """The common encodings of a digest, by name."""
    return {
        "hex": digest.hex().encode(),
        "raw": digest,
        "base64": base64.b64encode(digest).rstrip(b"="),
        "urlsafe base64": base64.urlsafe_b64encode(digest).rstrip(b"="),
    }


def fresh() -> Marks:
    """Marks of a new run: the token is a word that can stand in a host name."""
    token = "kq" + "".join(secrets.choice(string.ascii_lowercase) for _ in range(12))
    marks = Marks(token)
    marks.viewer["ip"] = IP.encode()
    marks.hashed["ip"] = IP
    return marks
