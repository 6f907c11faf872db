"""CSS resolved before a drawing is drawn: each element gets its declarations in a form that the renderer knows."""

import copy
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

import cssselect2
import tinycss2
from tinycss2 import color5

from transforms.engine.svg import css_colours, text_fonts, vocabulary

ElementTree.register_namespace("", vocabulary.SVG)
ElementTree.register_namespace("xlink", vocabulary.XLINK)
STYLE = f"{{{vocabulary.SVG}}}style"
SPACE = f"{{{vocabulary.XML}}}space"
# Media that a picture is shown in, in the light colours that a page has by default.
SHOWN = frozenset({"", "all", "screen", "only screen", "only all", "(prefers-color-scheme:light)"})
SIDE = re.compile(r"\((min|max)-(width|height):([\d.]+)px\)")
# Properties that the renderer reads as attributes alone.
AS_ATTRIBUTES = vocabulary.words("cx cy height r rx ry transform transform-origin width x y")
# The elements whose width and height are properties in browsers too.
SIZED = frozenset(f"{{{vocabulary.SVG}}}{name}" for name in ("image", "rect"))
COLOURS = vocabulary.words("hsl hsla hwb rgb rgba lab lch oklab oklch color")
# Of the names of colours the one that the renderer does not know.
NEW_NAME = "rebeccapurple"
ANGLES = {"deg": 1.0, "grad": 0.9, "rad": 180 / math.pi, "turn": 360.0}
# The functions of transforms in CSS, as those of the attribute: its name, and where a single argument goes.
TRANSFORMS = {
    "matrix": "matrix({})",
    "rotate": "rotate({})",
    "scale": "scale({})",
    "scalex": "scale({} 1)",
    "scaley": "scale(1 {})",
    "skewx": "skewX({})",
    "skewy": "skewY({})",
    "translate": "translate({})",
    "translatex": "translate({} 0)",
    "translatey": "translate(0 {})",
}
# What of a style attribute is to be resolved even where there are no rules; the renderer reads the rest as it is.
INVOLVED = re.compile(
    r"(?i)[(@]|rebeccapurple|(?<![\w-])(?:--|(?:font(?:-family|-size)?|white-space)(?![\w-])|"
    r"(?:background|cx|cy|height|r|rx|ry|transform|transform-origin|width|x|y)(?!\w))"
)
# A property set by itself through others would grow without end.
MOST_SUBSTITUTED, DEEPEST_VARIABLES = 10_000, 8
Declared = dict[str, list[Any]]
Size = tuple[float, float]


def resolved(text: str, size: Size) -> tuple[str, str]:
    """A sanitised document with its style sheets and style attributes resolved, and the colour behind it, empty where
    there is none. `size` is its own, which rules may ask for."""
    root = ElementTree.fromstring(text)
    matcher = cssselect2.Matcher()
    has_rules = False
    for sheet in list(root.iter(STYLE)):
        if _is_shown(sheet.get("media", ""), size):
            rules = tinycss2.parse_stylesheet(sheet.text or "", skip_comments=True, skip_whitespace=True)
            _add_rules(matcher, size, rules)
        has_rules = has_rules or bool(sheet.text)
        sheet.clear()
    background = ""
    variables: dict[int, Declared] = {}
    for element in cssselect2.ElementWrapper.from_xml_root(root).iter_subtree():
        inherited = variables[id(element.parent.etree_element)] if element.parent is not None else {}
        attributes = element.etree_element.attrib
        if not has_rules and not INVOLVED.search(attributes.get("style", "")):
            variables[id(element.etree_element)] = inherited
            _set(element.etree_element, {}, inherited)
            continue
        declared = _declared(matcher, element)
        own = {name: tokens for name, tokens in declared.items() if name.startswith("--")}
        known = variables[id(element.etree_element)] = inherited | own if own else inherited
        properties = {
            name: _written(_substituted(tokens, known, 0))
            for name, tokens in declared.items()
            if not name.startswith("--")
        }
        if element.parent is None:
            background = _background(properties)
        _set(element.etree_element, properties, known)
    return ElementTree.tostring(root, encoding="unicode"), background


def _is_shown(media: str, size: Size) -> bool:
    """Whether one of the media between commas is that of a picture of this size."""
    queries = (re.sub(r"\s+", " ", query.strip().lower()) for query in media.split(","))
    return any(all(_holds(part, size) for part in query.split(" and ")) for query in queries)


def _holds(part: str, size: Size) -> bool:
    part = re.sub(r"\s*([(:)])\s*", r"\1", part)
    side = SIDE.fullmatch(part)
    if side is None:
        return part in SHOWN
    length = size[side[2] == "height"]
    try:
        return length >= float(side[3]) if side[1] == "min" else length <= float(side[3])
    except ValueError:
        return False


def _add_rules(matcher: cssselect2.Matcher, size: Size, rules: Iterable[Any]) -> None:
    for rule in rules:
        if rule.type == "at-rule" and rule.content is not None:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if rule.lower_at_keyword in ("layer", "supports") or (
                rule.lower_at_keyword == "media" and _is_shown(tinycss2.serialize(rule.prelude), size)
            ):
                _add_rules(matcher, size, inner)
        elif rule.type == "qualified-rule":
            declarations = list(_read(rule.content))
            for prelude in _apart(rule.prelude):
                try:
                    selectors = cssselect2.compile_selector_list(prelude)
                except cssselect2.SelectorError:
                    continue
                for selector in selectors:
                    if selector.pseudo_element is None:
                        matcher.add_selector(selector, declarations)


def _apart(prelude: list[Any]) -> Iterator[list[Any]]:
    """The selectors between commas; browsers refuse a rule for one that they do not know, we leave that one out."""
    selector: list[Any] = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def _read(content: Any) -> Iterator[tuple[str, list[Any], bool]]:
    for item in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if item.type != "declaration":
            continue
        name = item.name if item.name.startswith("--") else item.lower_name
        if name == "font" and (longhands := dict(text_fonts.longhands(item.value))):
            yield from ((longhand, tokens, item.important) for longhand, tokens in longhands.items())
        else:
            yield name, item.value, item.important


def _declared(matcher: cssselect2.Matcher, element: cssselect2.ElementWrapper) -> Declared:
    """The declarations of an element that win."""
    layers = [declarations for *_, declarations in matcher.match(element)]
    layers.append(list(_read(element.etree_element.attrib.pop("style", ""))))
    items = [item for declarations in layers for item in declarations]
    declared: Declared = {}
    for name, tokens, _ in sorted(items, key=lambda item: item[2]):
        declared.pop(name, None)
        declared[name] = tokens
    return declared


def _substituted(tokens: list[Any], known: Declared, depth: int) -> list[Any]:
    """The tokens with what variables stand for."""
    if depth > DEEPEST_VARIABLES:
        return []
    result: list[Any] = []
    for token in tokens:
        if token.type == "function" and token.lower_name == "var":
            name = next((part.value for part in token.arguments if part.type == "ident"), "")
            comma = next((index for index, part in enumerate(token.arguments) if part == ","), None)
            fallback = [] if comma is None else token.arguments[comma + 1 :]
            result += _substituted(known.get(name, fallback), known, depth + 1)
        elif token.type == "function" and "var(" in token.serialize():
            inner = copy.copy(token)  # the token is of a rule, which other elements have too
            inner.arguments = _substituted(token.arguments, known, depth + 1)
            result.append(inner)
        else:
            result.append(token)
        if len(result) > MOST_SUBSTITUTED:
            return []
    return result


def _written(tokens: list[Any]) -> str:
    """The value as text, with colours of newer kinds as the renderer reads them."""
    return "".join(_colour(token) or token.serialize() for token in tokens).strip()


def _colour(token: Any) -> str:
    is_function = token.type == "function" and token.lower_name in COLOURS
    is_new_name = token.type == "ident" and token.lower_value == NEW_NAME
    return css_colours.to_rgba(token.serialize()) if is_function or is_new_name else ""


def _background(properties: dict[str, str]) -> str:
    """The colour behind the whole drawing, which the style of the root names."""
    for name in ("background-color", "background"):
        colour = color5.parse_color(properties.get(name, ""))
        if colour is not None and colour != "currentcolor" and colour.alpha:
            return properties[name]
    return ""


def _set(element: ElementTree.Element, properties: dict[str, str], known: Declared) -> None:
    """Write the properties to an element, and its attributes' colours and variables as the renderer reads them."""
    for name, text in list(element.attrib.items()):
        if ("(" in text or text.lower() == NEW_NAME) and name in vocabulary.PRESENTATION and name != "transform":
            element.set(name, _written(_substituted(tinycss2.parse_component_value_list(text), known, 0)))
    for fonts in (element.attrib, properties):
        if "font-family" in fonts:
            fonts["font-family"] = text_fonts.families(fonts["font-family"])
        if fonts.get("font-size", "").lower() in text_fonts.NAMED_SIZES:
            fonts["font-size"] = text_fonts.NAMED_SIZES[fonts["font-size"].lower()]
        if fonts.get("white-space", "").lower() in text_fonts.KEEPING_SPACES:
            element.set(SPACE, "preserve")
    for name in AS_ATTRIBUTES & properties.keys():
        text = properties.pop(name)
        if name in ("width", "height") and element.tag not in SIZED:
            continue
        value = _transform(text) if name == "transform" else text
        if value is not None:
            element.set(name, value)
    if properties:
        element.set("style", ";".join(f"{name}:{text}" for name, text in properties.items() if text))


def _transform(text: str) -> str | None:
    """A transform of CSS as the attribute writes it; None for one that it cannot."""
    parts = []
    for token in tinycss2.parse_component_value_list(text, skip_comments=True):
        if token.type == "whitespace" or (token.type == "ident" and token.lower_value == "none"):
            continue
        form = TRANSFORMS.get(token.lower_name) if token.type == "function" else None
        numbers = (
            [_number(part) for part in token.arguments if part.type != "whitespace" and part != ","] if form else []
        )
        if form is None or None in numbers:
            return None
        parts.append(form.format(" ".join(f"{number:g}" for number in numbers)))
    return " ".join(parts)


def _number(token: Any) -> float | None:
    if token.type == "number":
        return float(token.value)
    if token.type == "dimension":
        unit = ANGLES.get(token.lower_unit, 1.0 if token.lower_unit == "px" else None)
        return None if unit is None else float(token.value) * unit
    return None
