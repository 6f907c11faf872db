"""Splits a raw query string into names and values, percent-decoded once and strictly."""

import re
import unicodedata
import urllib.parse

from transforms.engine import errors

ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
SHOWN = 64


def pairs(raw: str) -> list[tuple[str, str]]:
    """The (name, value) pairs in order. `+` is a space, empty items are skipped, a name alone has an empty value.

    `raw` is the query as WSGI passes it: bytes beyond ASCII arrive as Latin-1 characters and are read as UTF-8.
    Raises invalid_parameter for malformed escapes, bytes that are not UTF-8, and control characters.
    """
    return [_pair(item) for item in raw.split("&") if item]


def shown(text: str) -> str:
    """A caller's text, safe to repeat in an error message: at most 64 characters, quoted, printable only."""
    clipped = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return '"' + "".join(character if character.isprintable() else "?" for character in clipped) + '"'


def is_clean(text: str) -> bool:
    """Whether the text holds no control characters and no halves of a surrogate pair."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _pair(item: str) -> tuple[str, str]:
    raw_name, _, raw_value = item.partition("=")
    name = _decoded(raw_name, None)
    return name, _decoded(raw_value, name)


def _decoded(text: str, param: str | None) -> str:
    subject = "A parameter's name" if param is None else f"The value of {shown(param)}"
    if ESCAPES.search(text):
        raise errors.EngineError(
            "invalid_parameter", f"{subject} has a % that starts no escape; write it as %25.", param
        )
    try:
        decoded = urllib.parse.unquote_to_bytes(_as_bytes(text.replace("+", " "))).decode("utf-8")
    except UnicodeError:
        raise errors.EngineError("invalid_parameter", f"{subject} is not valid UTF-8.", param) from None
    if not is_clean(decoded):
        raise errors.EngineError("invalid_parameter", f"{subject} has a control character.", param)
    return decoded


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
