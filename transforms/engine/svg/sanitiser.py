"""Reads an SVG by expat and writes it anew from the allow list: what is not known to draw is not written."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes
from xml.parsers import expat

from transforms.engine.errors import EngineError
from transforms.engine.svg import references, sizes, styles, vocabulary
from transforms.engine.svg.references import Part

# More than drawings have. Beyond 250 elements in each other the renderer's stack would end.
MOST_ELEMENTS, MOST_ATTRIBUTES, DEEPEST = 200_000, 500, 128
MOST_UNFOLDED, DEEPEST_UNFOLDED = 2_000_000, 200
MOST_STYLE = 1_000_000
MOST_WRITTEN = 60_000_000
MOST_ENTITIES, LONGEST_ENTITY = 500, 2_000
SEPARATOR = " "
IS_LAST = True
DATA_URL = re.compile(r"\s*data:([^,;]*)((?:;[^,;]*)*),", re.IGNORECASE)
ESCAPED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
ESCAPED_IN_QUOTES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)
# What a reader may miss, in the words of the warning.
OF_OTHER_FILES, PICTURES, HTML, FONTS = "what lies in other files", "embedded pictures", "HTML", "fonts of its own"
LEFT_OUT = {"foreignObject": HTML, "font-face": FONTS, "import": OF_OTHER_FILES, "font": FONTS}
# A picture of a drawing as a data URL, or None where it is none that is read.
Embed = Callable[[bytes], str | None]


@dataclass(frozen=True)
class Drawing:
    """A sanitised SVG: the attributes of its root, and what stands in the root, as text. `size` is in pixels.

    `left_out` are the words for what a viewer may miss of the source.
    """

    attributes: dict[str, str]
    content: str
    size: tuple[float, float]
    left_out: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The whole document."""
        return written(self.attributes, self.content)


def written(attributes: dict[str, str], content: str) -> str:
    """A document of a root with attributes, and what stands in it."""
    names = f'xmlns="{vocabulary.SVG}" xmlns:xlink="{vocabulary.XLINK}"'
    return f"<svg {names}{_attribute_text(attributes)}>{content}</svg>"


def sanitised(data: bytes, embed: Embed) -> Drawing:
    """The drawing of an SVG. Raises unsupported_format where the root is no SVG element, broken_image where the XML is
    not well-formed or it has no size, and drawing_too_complex."""
    reader = _Reader(embed)
    reader.read(data)
    size = sizes.natural(reader.attributes)
    if not size[0] or not size[1] or sizes.is_disabled(reader.attributes):
        raise EngineError("broken_image", "The SVG has no area: its width, its height or its viewBox is 0.")
    return Drawing(reader.attributes, "".join(reader.parts), size, tuple(sorted(reader.left_out)))


def _attribute_text(attributes: dict[str, str]) -> str:
    return "".join(f' {name}="{value.translate(ESCAPED_IN_QUOTES)}"' for name, value in attributes.items())


def _too_complex(words: str) -> EngineError:
    return EngineError("drawing_too_complex", f"The SVG is too complex to be drawn: {words}.")


@dataclass
class _Reader:
    """The state of one reading. `skipped` is how deep the parser is in an element that is left out; `is_tag_open`: the
    last start tag may still become an empty one."""

    embed: Embed
    attributes: dict[str, str] = field(default_factory=dict)
    parts: list[str] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    open_names: list[str] = field(default_factory=list)
    skipped: int = 0
    is_tag_open: bool = False
    elements: int = 0
    written: int = 0
    entities: int = 0
    style: list[str] | None = None
    style_length: int = 0
    embedded: dict[str, str | None] = field(default_factory=dict)
    root: Part = field(default_factory=lambda: Part(0))
    open_parts: list[Part] = field(default_factory=list)
    by_id: dict[str, Part] = field(default_factory=dict)

    def read(self, data: bytes) -> None:
        parser = expat.ParserCreate(namespace_separator=SEPARATOR)
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._entity
        try:
            parser.Parse(data, IS_LAST)
        except expat.ExpatError as error:
            raise EngineError("broken_image", f"The SVG is not well-formed XML: {error}.") from error
        except (LookupError, UnicodeError, ValueError) as error:
            raise EngineError("broken_image", "The SVG is in an encoding that is not read; use UTF-8.") from error
        unfolded, depth = references.unfolded(self.root, self.by_id, MOST_UNFOLDED)
        if unfolded >= MOST_UNFOLDED:
            raise _too_complex(f"what it uses again comes to more than {MOST_UNFOLDED} elements")
        if depth > DEEPEST_UNFOLDED:
            raise _too_complex(f"what it uses again lies more than {DEEPEST_UNFOLDED} elements deep")

    def _entity(
        self, name: str, is_parameter: int, value: str | None, base: str | None, system: str | None, *others: str | None
    ) -> None:
        """An entity of the document's own is a plain text, as drawing programs write it for namespaces."""
        self.entities += 1
        if is_parameter or value is None:
            raise EngineError(
                "unsupported_variant",
                "The SVG declares entities of other files or of its DTD, which are never read. Save it as plain SVG.",
            )
        if self.entities > MOST_ENTITIES or len(value) > LONGEST_ENTITY or set(value) & set("&<%"):
            raise EngineError(
                "unsupported_variant",
                "The SVG declares entities that hold markup or other entities, which are not read. Save it as plain"
                " SVG.",
            )

    def _start(self, name: str, attributes: list[str]) -> None:
        if self.skipped or self.style is not None or (self.open_names and self.open_names[-1] in vocabulary.WORDS):
            self.skipped += 1
            return
        self.elements += 1
        if self.elements > MOST_ELEMENTS:
            raise _too_complex(f"it has more than {MOST_ELEMENTS} elements")
        if len(self.open_names) >= DEEPEST:
            raise _too_complex(f"its elements lie more than {DEEPEST} deep in each other")
        if len(attributes) > 2 * MOST_ATTRIBUTES:
            raise _too_complex(f"an element has more than {MOST_ATTRIBUTES} attributes")
        namespace, _, local = name.rpartition(SEPARATOR)
        if not self.open_names and (namespace, local) != (vocabulary.SVG, "svg"):
            raise EngineError(
                "unsupported_format",
                f'The root of this XML is no svg element of the namespace "{vocabulary.SVG}": no browser draws it'
                " as a picture.",
            )
        if namespace != vocabulary.SVG or local not in vocabulary.ELEMENTS:
            self._skip(namespace, local)
            return
        safe = self._attributes(local, zip(attributes[::2], attributes[1::2], strict=True))
        if local in vocabulary.CHANGES and safe.get("attributeName") not in vocabulary.ANIMATED:
            self._skip(namespace, local)
            return
        if local == "style" and safe.get("type", "text/css").strip().lower() not in ("", "text/css"):
            self._skip(namespace, local)
            return
        self._count(safe)
        self.open_names.append(local)
        if len(self.open_names) == 1:
            self.attributes = safe
            self._count_written(_attribute_text(safe))
            return
        self._write(f"<{local}{_attribute_text(safe)}")
        self.is_tag_open = True
        if local == "style":
            self.style = []

    def _skip(self, namespace: str, local: str) -> None:
        self.skipped = 1
        if namespace == vocabulary.SVG and local in LEFT_OUT:
            self.left_out.add(LEFT_OUT[local])

    def _end(self, name: str) -> None:
        if self.skipped:
            self.skipped -= 1
            return
        local = self.open_names.pop()
        self.open_parts.pop()
        if self.style is not None:
            text = styles.sheet("".join(self.style), self._note_at_rule)
            self.style = None
            self._write(text.translate(ESCAPED))
        if self.is_tag_open:
            self.parts.append("/>")
            self.is_tag_open = False
        elif self.open_names:
            self._write(f"</{local}>")

    def _characters(self, text: str) -> None:
        if self.skipped or not self.open_names:
            return
        if self.style is not None:
            self.style_length += len(text)
            if self.style_length > MOST_STYLE:
                raise _too_complex(f"its style has more than {MOST_STYLE} characters")
            self.style.append(text)
        elif self.open_names[-1] in vocabulary.WITH_CHARACTERS:
            self._write(text.translate(ESCAPED))
        elif vocabulary.TEXTS & set(self.open_names):
            self._write(text.translate(ESCAPED))  # of a link in a text

    def _write(self, text: str) -> None:
        if not text:
            return
        if self.is_tag_open:
            text = ">" + text
            self.is_tag_open = False
        self._count_written(text)
        self.parts.append(text)

    def _count_written(self, text: str) -> None:
        self.written += len(text)
        if self.written > MOST_WRITTEN:
            raise _too_complex(f"it has more than {MOST_WRITTEN} characters")

    def _note_at_rule(self, name: str) -> None:
        if name in LEFT_OUT:
            self.left_out.add(LEFT_OUT[name])

    def _attributes(self, element: str, pairs: "zip[tuple[str, str]]") -> dict[str, str]:
        """The attributes of an element that may stay, with the values that they may have."""
        safe: dict[str, str] = {}
        for name, value in pairs:
            namespace, _, local = name.rpartition(SEPARATOR)
            if namespace == vocabulary.XML and local in ("space", "lang"):
                safe[f"xml:{local}"] = value
            elif local == "href" and namespace in ("", vocabulary.XLINK):
                target = self._target(element, value)
                if target is not None:
                    safe["xlink:href" if namespace else "href"] = target
            elif namespace == "":
                cleaned = _value(local, value)
                if cleaned is not None:
                    safe[local] = cleaned
        return safe

    def _target(self, element: str, value: str) -> str | None:
        """Where a link may lead: to an element of the drawing, or to a picture that lies in it."""
        if element == "a":
            return None
        stripped = value.strip()
        if styles.LOCAL.fullmatch(stripped):
            return None if element == "image" else stripped
        if element not in vocabulary.PICTURES or not DATA_URL.match(stripped):
            self.left_out.add(OF_OTHER_FILES)
            return None
        if stripped not in self.embedded:
            data = _data(stripped)
            self.embedded[stripped] = None if data is None else self.embed(data)
        picture = self.embedded[stripped]
        if picture is None:
            self.left_out.add(PICTURES)
        return picture

    def _count(self, attributes: dict[str, str]) -> None:
        """Note the element where drawings unfold: what it is called, and what it refers to."""
        depth = len(self.open_names)
        part = self.open_parts[-1] if self.open_parts else self.root
        name = attributes.get("id")
        if name is not None and self.open_parts:
            own = Part(depth)
            part.edges.append((own, depth - part.depth))
            part = own
        else:
            part.elements += 1
            part.height = max(part.height, depth - part.depth + 1)
        if name is not None:
            self.by_id.setdefault(name, part)
        self.open_parts.append(part)
        offset = depth - part.depth + 1
        for key, value in attributes.items():
            if key.endswith("href"):
                if value.startswith("#"):
                    part.edges.append((value[1:], offset))
            elif "url(" in value:
                part.edges.extend((target, offset) for target in styles.references(value))


def _value(name: str, value: str) -> str | None:
    if name == "style":
        return styles.declarations(value) or None
    if name in vocabulary.NAMES or name.startswith("aria-"):
        return value
    return styles.value(name, value) if name in vocabulary.ATTRIBUTES else None


def _data(url: str) -> bytes | None:
    """The bytes of a data URL; None where they are not readable."""
    match = DATA_URL.match(url)
    if match is None:
        return None
    data = unquote_to_bytes(url[match.end() :])
    if not match[2].lower().rstrip().endswith(";base64"):
        return data
    try:
        compact = b"".join(data.split())
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
