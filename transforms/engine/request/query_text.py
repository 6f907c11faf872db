"""The texts of a query: one parameter percent-decoded strictly or encoded, and what error messages repeat of it."""

import re
import unicodedata
import urllib.parse

from transforms.engine import errors

ESCAPES = re.compile(r"%(?![0-9A-Fa-f]{2})")
SHOWN = 64


def decoded(raw: str) -> tuple[str, str]:
    """The name and value of one raw parameter, `name=value`. `+` is a space, a name alone has an empty value.

    `raw` is as WSGI passes it: bytes beyond ASCII arrive as Latin-1 characters and are read as UTF-8.
    Raises invalid_parameter for malformed escapes, bytes that are not UTF-8, and control characters.
    """
    raw_name, _, raw_value = raw.partition("=")
    name = _decoded(raw_name, None)
    return name, _decoded(raw_value, name)


def encoded(name: str, value: str) -> str:
    """The raw parameter of a name and a value: decoding it gives both back."""
    return f"{name}={urllib.parse.quote(value, safe='/:,')}"


def shown(text: str) -> str:
    """A caller's text, safe to repeat in an error message: at most 64 characters, quoted, printable only."""
    clipped = text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
    return '"' + "".join(character if character.isprintable() else "?" for character in clipped) + '"'


def is_clean(text: str) -> bool:
    """Whether the text holds no control characters and no halves of a surrogate pair."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def duplicate(first: str, second: str) -> errors.EngineError:
    """The error of a parameter that is given twice, spelled `first` and then `second`."""
    subject = f"{first} is given twice" if first == second else f"{first} and {second} are one parameter"
    return errors.EngineError("duplicate_parameter", f"{subject}; it may be given once.", second)


def _decoded(text: str, param: str | None) -> str:
    subject = "A parameter's name" if param is None else f"The value of {shown(param)}"
    if ESCAPES.search(text):
        raise errors.EngineError(
            "invalid_parameter", f"{subject} has a % that starts no escape; write it as %25.", param
        )
    try:
        result = urllib.parse.unquote_to_bytes(_as_bytes(text.replace("+", " "))).decode("utf-8")
    except UnicodeError:
        raise errors.EngineError("invalid_parameter", f"{subject} is not valid UTF-8.", param) from None
    if not is_clean(result):
        raise errors.EngineError("invalid_parameter", f"{subject} has a control character.", param)
    return result


def _as_bytes(text: str) -> bytes:
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8")
