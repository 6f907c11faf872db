"""CSS in an SVG: rules and declarations that draw are kept, and whatever names an address is left out."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import tinycss2

from transforms.engine.errors import EngineError
from transforms.engine.svg import vocabulary

# The only address is that of an element of the same drawing. A name is read by several parsers, so it has to be plain.
LOCAL = re.compile(r"#[^\s\"'()\\<>{};@]+")
# In a string, what a parser that reads strings otherwise would take for an end or an address.
MARKUP = re.compile(r"[(){}\[\];@<>]")
PAINTS = frozenset({"fill", "stroke"})
# Colours and numbers, transforms and times, filters and shapes.
FUNCTIONS = vocabulary.words(
    "rgb rgba hsl hsla hwb lab lch oklab oklch color color-mix icc-color calc min max clamp var"
    " matrix matrix3d perspective rotate rotatex rotatey rotatez rotate3d scale scalex scaley scalez scale3d skew skewx"
    " skewy translate translatex translatey translatez translate3d cubic-bezier steps linear"
    " blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia circle ellipse inset path"
    " polygon rect"
)
# In selectors and in the conditions of at-rules.
SELECTORS = vocabulary.words("not is where has nth-child nth-last-child nth-of-type nth-last-of-type lang calc")
AT_RULES = vocabulary.words("media supports keyframes -webkit-keyframes layer")
READ_AS_CSS = re.compile(r"[(\\@]|//|script:", re.IGNORECASE)
# Characters that an escape can write and no XML can hold.
NOT_OF_XML = "[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
# What is left out wherever it stands: escapes, what looks like an address, and what is not of XML.
UNWANTED = re.compile(rf"[\\@]|//|script:|{NOT_OF_XML}", re.IGNORECASE)
UNWANTED_OF_SELECTORS = re.compile(rf"//|{NOT_OF_XML}")
# Names of features, written as URIs, which nobody loads.
URIS = frozenset({"requiredExtensions", "requiredFeatures"})
# What no value without an address or a function holds: such text is kept as it is.
SUSPICIOUS = re.compile(r"[(\\@\"'/{}<\[!]|script:", re.IGNORECASE)
# An escape in a name could write what would be read as another rule.
NAME = re.compile(r"-{0,2}[A-Za-z_][A-Za-z0-9_-]*")
DEEPEST = 24
BRACKETS = re.compile(r"[(\[{]|[)\]}]")
TOO_DEEP = "Its style has brackets in brackets in brackets, more than any drawing needs."
# Python refuses to read a number of more digits than 4,300.
LONG_NUMBER = re.compile(r"\d{1000}")
TOO_LONG = "Its style has a number of more than a thousand digits."


def value(name: str, text: str) -> str | None:
    """The value of a property or of an attribute named so; None where it is to be left out. `fill` and `stroke` keep
    their other colour, or become none."""
    if not READ_AS_CSS.search(text):
        return text
    if name in URIS:
        return None if "(" in text or "\\" in text else text
    return _value(name, text)


@lru_cache(maxsize=4096)
def _value(name: str, text: str) -> str | None:
    _check(text)
    return _safe_text(name, _checked(tinycss2.parse_component_value_list(text)))


@lru_cache(maxsize=4096)
def declarations(text: str) -> str:
    """The declarations of a style attribute that may stay."""
    _check(text)
    if not SUSPICIOUS.search(text):
        return text
    items = _checked(tinycss2.parse_blocks_contents(text, skip_comments=True, skip_whitespace=True))
    return "".join(_declarations(items))


def sheet(text: str, left_out: Callable[[str], None]) -> str:
    """The rules of a style sheet that may stay; `left_out` is called with the name of an at-rule that may not."""
    _check(text)
    rules = _checked(tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True))
    return "\n".join(_rules(rules, left_out))


def references(text: str) -> list[str]:
    """The ids that the urls of a kept value name."""
    return [match.strip("\"' ")[1:] for match in re.findall(r"url\(([^)]*)\)", text)]


def _rules(rules: Iterable[Any], left_out: Callable[[str], None]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule" and _is_plain(rule.prelude):
            contents = tinycss2.parse_blocks_contents(rule.content, skip_comments=True, skip_whitespace=True)
            yield f"{tinycss2.serialize(rule.prelude)}{{{''.join(_declarations(contents))}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in AT_RULES and _is_plain(rule.prelude):
            inner = ""
            if rule.content is not None:
                parsed = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
                inner = "{" + "\n".join(_rules(parsed, left_out)) + "}"
            yield f"@{rule.lower_at_keyword}{tinycss2.serialize(rule.prelude)}{inner or ';'}"
        elif rule.type == "at-rule":
            left_out(rule.lower_at_keyword)


def _declarations(contents: Iterable[Any]) -> Iterator[str]:
    """The declarations that may stay, as text; rules within rules are left out."""
    for item in contents:
        if item.type != "declaration" or not NAME.fullmatch(item.name) or item.lower_name.endswith("script"):
            continue
        safe = _safe_text(item.lower_name, item.value)
        if safe is not None:
            yield f"{item.name}:{safe.strip()}{'!important' if item.important else ''};"


def _safe_text(name: str, tokens: list[Any]) -> str | None:
    """The value without addresses that lead elsewhere; None where it is to be left out, as it is with an escape
    or what looks like an address: no drawing needs them, and no other parser shall read them otherwise."""
    safe = _safe_tokens(name, tokens)
    text = None if safe is None else tinycss2.serialize(safe)
    return None if text is None or UNWANTED.search(text) else text


def _safe_tokens(name: str, tokens: list[Any]) -> list[Any] | None:
    """The tokens without addresses that lead elsewhere; None where the value is to be left out as a whole."""
    foreign = [token for token in tokens if _address(token) not in (None, "")]
    if foreign:
        if name not in PAINTS:
            return None
        tokens = [token for token in tokens if token not in foreign]
        if not any(token.type not in ("whitespace", "comment") for token in tokens):
            return list(tinycss2.parse_component_value_list("none"))
    return tokens if _is_inert(tokens, can_refer=True) else None


def _address(token: Any) -> str | None:
    """What a url() names beside an element of the drawing; empty for such an element, None for any other token."""
    if token.type == "url":
        address = token.value
    elif token.type == "function" and token.lower_name == "url":
        strings = [part for part in token.arguments if part.type not in ("whitespace", "comment")]
        address = strings[0].value if len(strings) == 1 and strings[0].type == "string" else "unreadable"
    else:
        return None
    return "" if LOCAL.fullmatch(address) else address or "empty"


def _is_plain(prelude: list[Any]) -> bool:
    """Whether a selector or a condition names no address, calls nothing, and can be written as XML."""
    return _is_inert(prelude) and not UNWANTED_OF_SELECTORS.search(tinycss2.serialize(prelude))


def _is_inert(tokens: list[Any], *, can_refer: bool = False) -> bool:
    """Whether nothing in the tokens can load: no address but of the drawing's own elements, no unknown function."""
    for token in tokens:
        if token.type in ("error", "at-keyword") or (token.type == "string" and MARKUP.search(token.value)):
            return False
        address = _address(token)
        if address is not None:
            if address or not can_refer:
                return False
            continue
        if token.type == "function":
            if token.lower_name not in (FUNCTIONS if can_refer else SELECTORS):
                return False
            if not _is_inert(token.arguments, can_refer=can_refer):
                return False
        elif token.type.endswith("block") and not _is_inert(token.content, can_refer=can_refer):
            return False
    return True


def _check(text: str) -> None:
    """Raises drawing_too_complex before anything parses what is plainly too deep, or too long a number."""
    if LONG_NUMBER.search(text):
        raise EngineError("drawing_too_complex", TOO_LONG)
    depth = 0
    for match in BRACKETS.finditer(text):
        depth += 1 if match[0] in "([{" else -1 if depth else 0
        if depth > DEEPEST:
            raise EngineError("drawing_too_complex", TOO_DEEP)


def _checked(nodes: list[Any]) -> list[Any]:
    """The nodes. Raises drawing_too_complex before anything recurses into brackets: a closing one in a comment or in a
    string, or after a backslash, has closed none."""
    level = nodes
    for _ in range(DEEPEST + 2):  # a declaration in a rule
        level = [inner for node in level for inner in _inner(node)]
        if not level:
            return nodes
    raise EngineError("drawing_too_complex", TOO_DEEP)


def _inner(node: Any) -> list[Any]:
    """The nodes in a node of tinycss2: of a rule, a declaration, a function or a block."""
    if node.type == "declaration":
        return node.value
    if node.type == "function":
        return node.arguments
    if node.type.endswith(("rule", "block")):
        return [*getattr(node, "prelude", ()), *(node.content or ())]
    return []
