"""Addresses: one canonical form, checked once, and mail goes to what is stored (A5)."""

import re
import unicodedata

from imgapis.base.errors import Refusal

LONGEST = 254
LOCAL = re.compile(r"[^\s@\"(),:;<>\[\]\\]{1,64}\Z")
DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[^\s@.\"(),:;<>\[\]\\/]{1,63}\.)+[^\W\d_][\w-]{1,62}\Z")


class InvalidEmail(Refusal):
    """The text is no address."""

    code = "invalid_email"

    def __init__(self):
        super().__init__("That is not an e-mail address. It looks like name@example.com.", param="email")


def canonical(text: str) -> str:
    """The address as it is stored: NFKC, lower case, no surrounding space. Raises InvalidEmail.

    Control characters are refused before anything is folded, so that no header can be smuggled into a mail.
    """
    text = text.strip(" ")
    if any(unicodedata.category(letter).startswith("C") for letter in text):
        raise InvalidEmail
    address = unicodedata.normalize("NFKC", text).lower()
    local, at, domain = address.rpartition("@")
    if not at or len(address) > LONGEST or not LOCAL.match(local) or not DOMAIN.match(domain.rstrip(".")):
        raise InvalidEmail
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise InvalidEmail
    return f"{local}@{domain.rstrip('.')}"
