"""Addresses: one canonical form, checked once, and mail goes to what is stored (A5)."""

import re
import unicodedata

import idna

from imgapis.base.errors import ApiError

LONGEST = 254
LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}\Z")
DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9-]{1,63}\.)+[a-z][a-z0-9-]{1,62}\Z")


class InvalidEmail(ApiError):
    """The text is no address."""

    code = "invalid_email"

    def __init__(self) -> None:
        super().__init__("That is not an e-mail address. It looks like name@example.com.", param="email")


def canonical(text: str) -> str:
    """The address as it is stored: NFKC, lower case, the domain as DNS knows it (IDNA 2008). Raises InvalidEmail.

    Control characters are refused before anything is folded, so that no header can be smuggled into a mail; and mail
    goes to exactly this text, so that two mailboxes are never one account.
    """
    text = text.strip(" ")
    if any(unicodedata.category(character).startswith("C") for character in text):
        raise InvalidEmail
    # Lower case can undo NFKC, so it is composed once more: the form of a form is itself.
    normalized = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).lower())
    local, _, host = normalized.rpartition("@")
    domain = _domain(host)
    if not LOCAL.match(local) or local.startswith(".") or local.endswith(".") or ".." in local:
        raise InvalidEmail
    if len(local) + 1 + len(domain) > LONGEST:
        raise InvalidEmail
    return f"{local}@{domain}"


def _domain(name: str) -> str:
    """A domain in ASCII. IDNA 2003, which mail libraries fall back to, would send mail for faß.de to fass.de."""
    try:
        domain = idna.encode(name.removesuffix("."), uts46=True, std3_rules=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise InvalidEmail from error
    if not DOMAIN.match(domain):
        raise InvalidEmail
    return domain
