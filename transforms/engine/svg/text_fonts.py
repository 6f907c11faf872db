"""The fonts of texts as the renderer knows them: the shorthand `font` of CSS, and names of common families."""

import re
from collections.abc import Iterator
from typing import Any

import tinycss2

from transforms.engine.svg import vocabulary

STYLES = vocabulary.words("italic oblique")
WEIGHTS = vocabulary.words("bold bolder lighter")
STRETCHES = vocabulary.words(
    "condensed expanded extra-condensed extra-expanded semi-condensed semi-expanded ultra-condensed ultra-expanded"
)
NAMED_SIZES = {
    "xx-small": "9px",
    "x-small": "10px",
    "small": "13px",
    "medium": "16px",
    "large": "18px",
    "x-large": "24px",
    "xx-large": "32px",
    "xxx-large": "48px",
}
SIZES = NAMED_SIZES.keys() | {"larger", "smaller"}
KEEPING_SPACES = vocabulary.words("break-spaces pre pre-wrap")
SIZE_TYPES = ("dimension", "percentage", "function")
GENERIC = vocabulary.words("cursive fantasy monospace sans-serif serif")
# Families that most machines have, or have one like it, by what they look like.
LIKE = {
    "sans-serif": "arial|arial black|arial narrow|avenir|calibri|dejavu sans|futura|gill sans|helvetica|helvetica neue|"
    "helveticaneue|inter|lato|liberation sans|lucida grande|lucida sans unicode|montserrat|myriad pro|nunito|open sans|"
    "roboto|sans|segoe ui|source sans pro|system-ui|tahoma|trebuchet ms|ubuntu|ui-sans-serif|verdana|-apple-system|"
    "blinkmacsystemfont|noto sans|poppins",
    "serif": "cambria|garamond|georgia|liberation serif|palatino|times|times new roman|ui-serif|noto serif|"
    "dejavu serif",
    "monospace": "andale mono|consolas|courier|courier new|dejavu sans mono|fira code|liberation mono|lucida console|"
    "menlo|monaco|sf mono|source code pro|ui-monospace|noto sans mono",
}
LIKE_BY_NAME = {name: generic for generic, names in LIKE.items() for name in names.split("|")}
NAME = re.compile(r"\"[^\"]*\"|'[^']*'|[^,\"']+")


def families(value: str) -> str:
    """A list of families with the generic one behind each that is like it, and generic names as the renderer knows
    them, in small letters."""
    names = []
    for match in NAME.finditer(value):
        name = match[0].strip()
        plain = " ".join(name.strip("\"'").lower().split())
        names.append(plain if name.lower() in GENERIC else name)
        if plain in LIKE_BY_NAME:
            names.append(LIKE_BY_NAME[plain])
    return ", ".join(filter(None, names))


def longhands(tokens: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """The properties that `font` stands for; nothing where it is no list of a size and families."""
    parts = [token for token in tokens if token.type not in ("whitespace", "comment")]
    at = next((index for index, token in enumerate(parts) if _is_size(token)), None)
    if at is None:
        return
    has_height = parts[at + 1 : at + 2] and parts[at + 1] == "/"
    families_from = at + (3 if has_height else 1)
    if families_from >= len(parts):
        return
    before = dict.fromkeys(("font-style", "font-variant", "font-weight", "font-stretch"), "normal")
    for token in parts[:at]:
        before[_property_of(token)] = token.serialize()
    for name, text in before.items():
        if name:
            yield name, tinycss2.parse_component_value_list(text)
    yield "font-size", [parts[at]]
    yield "font-family", tokens[tokens.index(parts[families_from]) :]


def _is_size(token: Any) -> bool:
    return token.type in SIZE_TYPES or (token.type == "ident" and token.lower_value in SIZES)


def _property_of(token: Any) -> str:
    """The property that a word before the size is of; empty for one that sets none."""
    word = token.lower_value if token.type == "ident" else ""
    if token.type == "number" or word in WEIGHTS:
        return "font-weight"
    if word in STYLES:
        return "font-style"
    return "font-stretch" if word in STRETCHES else "font-variant" if word == "small-caps" else ""
