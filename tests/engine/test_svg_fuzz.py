"""Generated and damaged drawings by the thousand: sanitised text that is inert, a picture or a refusal, and soon."""

import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest

from tests import environment
from tests.engine import svgs
from transforms.engine.codecs import source_file
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits
from transforms.engine.svg import styles, vocabulary
from transforms.render.pool import Pool

# A million in `make soak`, in parts of which each has its own seed.
COUNT, PARTS = environment.count(150, 1_000, 50_000), environment.count(1, 1, 20)
DRAWN = 4  # every fourth is drawn as well
CPU_SECONDS = 1.0
LIMITS = Limits(source_pixels=100_000, output_pixels=100_000)
REFUSALS = {
    "broken_image",
    "drawing_too_complex",
    "output_too_large",
    "source_side_too_long",
    "too_many_pixels",
    "unsupported_format",
    "unsupported_variant",
}
ELEMENTS = [
    *sorted(vocabulary.ELEMENTS),
    *["script", "foreignObject", "iframe", "x:y", "font", "handler", "metadata"],
]
ATTRIBUTES = [
    *sorted(vocabulary.ATTRIBUTES),
    *["href", "xlink:href", "style", "id", "fill"] * 6,
    "onload",
    "src",
    "xml:base",
]
VALUES = [
    "#a",
    "#b",
    "#c",
    "url(#a)",
    "url(#b)",
    "url('#c')",
    "red",
    "none",
    "#08f",
    "50%",
    "1",
    "7",
    "40",
    "-3",
    "0.5",
    "0",
    "M0 0L9 9H3v5z",
    "translate(3 4) rotate(20)",
    "0 0 20 20",
    "objectBoundingBox",
    "userSpaceOnUse",
    "fill",
    "multiply",
    "http://e.example/x",
    "//e.example/x",
    "url(http://e.example/x)",
    "u\\72l(http://e.example/x)",
    "url(x) red",
    "javascript:e.example",
    "data:image/svg+xml,e.example",
    svgs.PNG,
    "fill:url(#a);stroke:url(http://e.example)",
    "fill:red;x\\7d:e",
    "@import 'http://e.example/x'",
    "1s",
    "opacity",
    "a",
    "b",
    "xMidYMid slice",
    "1e9",
    "NaN",
    "é",
    "&lt;",
    "&#1;",
    "&e;",
    "calc(1px + 2px)",
    "}</style>",
    "var(--a)",
    "image-set('http://e.example/x' 1x)",
]
SHEETS = [
    "a{fill:red}",
    ".a>b{fill:url(#a)}",
    "@import 'http://e.example/x';",
    "@media all{",
    "}",
    "/*",
    "*/",
    "\\7d",
    "{",
    "(",
    "rect:hover{fill:url(http://e.example/x)}",
    "@font-face{src:url(http://e.example/x)}",
    "'",
    "u\\72l(//e.example)",
    "b{fill:",
    ";",
    "url(",
    "//e.example/x)",
    "--x:url(http://e.example/x)",
    "&gt;",
    "!important",
]


def quoted(value: str, chance: random.Random) -> str:
    """A value between double quotes, which is seldom not well-formed."""
    value = value if chance.random() < 0.002 else value.replace("&", "&amp;")
    return '"' + value.replace('"', "'").replace("<", "&lt;") + '"'


def sheet(chance: random.Random) -> str:
    """A style sheet of pieces that may not fit."""
    text = "".join(chance.choice(SHEETS) for _ in range(chance.randrange(8)))
    return f"<![CDATA[{text}]]>" if chance.random() < 0.2 else text.replace("<", "&lt;")


def element(chance: random.Random, depth: int) -> str:
    """An element with attributes, and elements in it."""
    name = chance.choice(ELEMENTS)
    attributes = {chance.choice(ATTRIBUTES): chance.choice(VALUES) for _ in range(chance.randrange(5))}
    text = "".join(f" {key}={quoted(value, chance)}" for key, value in attributes.items())
    if name == "style" or chance.random() < 0.05:
        return f"<style{text}>{sheet(chance)}</style>"
    inner = "".join(element(chance, depth - 1) for _ in range(chance.randrange(4))) if depth else chance.choice("  t")
    return f"<{name}{text}>{inner}</{name}>"


def document(chance: random.Random) -> bytes:
    """A document of a few dozen elements."""
    head = chance.choice(["", "", '<?xml version="1.0"?>', '<!DOCTYPE svg [<!ENTITY e "red">]>', "<!-- a -->"])
    content = "".join(element(chance, 4) for _ in range(chance.randint(1, 4)))
    size = chance.choice(['width="20" height="20"', 'viewBox="0 0 20 10"', ""])
    return head.encode() + svgs.svg(f'{content}<rect width="5" height="5"/>', f'{size} xmlns:x="x"')


def damaged(data: bytes, chance: random.Random) -> bytes:
    """The file with a few bytes changed, left out, doubled or moved."""
    changed = bytearray(data)
    for _ in range(chance.choice([0, 0, 0, 1, 2, 5])):
        at, length = chance.randrange(len(changed)), chance.choice([1, 1, 2, 8, 40])
        act = chance.randrange(4)
        if act == 0:
            changed[at : at + 1] = bytes([chance.choice(b"<>&\"'/\\(){};:@# \0\xff")])
        elif act == 1:
            del changed[at : at + length]
        elif act == 2:
            changed[at:at] = changed[at : at + length]
        else:
            source = chance.randrange(len(changed))
            changed[at : at + length] = changed[source : source + length]
    return bytes(changed)


def inputs(part: int) -> Iterator[bytes]:
    """COUNT documents, the same ones each time."""
    chance = random.Random(f"svg {part}")
    for _ in range(COUNT):
        yield damaged(document(chance), chance)


def loads(text: str) -> bool:
    """Whether the text of an attribute or of a style sheet names what lies elsewhere."""
    return bool(re.search(r"url\((?![\"']?#)|image-set|@import|@font-face|expression", re.sub(r"\s", "", text), re.I))


def assert_inert(text: str) -> None:
    """Elements and attributes of the allow list alone, no address, and no change where it is sanitised again."""
    for one in ElementTree.fromstring(text).iter():
        assert one.tag[1:].partition("}")[0] == vocabulary.SVG and one.tag.partition("}")[2] in vocabulary.ELEMENTS
        for key, value in one.attrib.items():
            name = key.rpartition("}")[2]
            assert name in vocabulary.ATTRIBUTES | {"href", "style", "space", "lang"} or name.startswith("aria-")
            if name == "href":
                assert value.startswith(("#", "data:image/png;base64,"))
            elif name not in vocabulary.NAMES | styles.URIS:
                assert "script:" not in value
                assert "\\" not in value and "//" not in value.partition("base64,")[0] and not loads(value)
        if one.tag.endswith("}style"):
            assert not loads(one.text or "")
    again = source_file.sanitised(text.encode(), LIMITS)
    assert again.text == text or source_file.sanitised(again.text.encode(), LIMITS).text == again.text


@pytest.mark.parametrize(
    "content",
    [
        r"<style>@media all{rect:\7ver{f&amp;ll:url(http://e.example/x)}</style>",  # by part 5 of the soak
        r"<style>a:\d800 er{fill:red}</style>",
        r'<style>[id="\1"]{fill:red}</style>',
        r'<style>a{font-family:"\7 x"}</style>',
        r"<rect style='font-family:&quot;\d800 x&quot;'/>",
        r"""<rect font-family="'\ffff '"/>""",
    ],
)
def test_an_escape_of_css_brings_in_no_character_that_xml_cannot_hold(content):
    """I2, I10"""
    text = source_file.sanitised(svgs.svg(content), LIMITS).text
    assert_inert(text.encode().decode())


@pytest.fixture(scope="module")
def pool():
    pool = Pool(processes=1, seconds=120.0, memory_bytes=2_500_000_000, queue=8, wait_seconds=60.0)
    yield pool
    pool.close()


@pytest.mark.counted
@pytest.mark.parametrize("part", range(PARTS))
def test_a_generated_drawing_is_sanitised_and_drawn_or_refused_and_soon(part, pool):
    """I2, I3, I10"""
    outcomes, slowest = Counter(), 0.0
    for number, data in enumerate(inputs(part)):
        begins = time.process_time()
        try:
            text = source_file.sanitised(data, LIMITS).text
        except EngineError as error:
            assert error.code in REFUSALS, data
            outcomes[error.code] += 1
            continue
        except Exception as error:
            raise AssertionError(f"input {number}: {data!r}") from error
        slowest = max(slowest, time.process_time() - begins)
        try:
            assert_inert(text)
        except (AssertionError, EngineError, ElementTree.ParseError) as error:
            raise AssertionError(f"input {number}: {data!r}\nbecame {text}") from error
        outcomes["sanitised"] += 1
        if number % DRAWN == 0:
            try:
                pool.run(Job("transform", {"w": 40}, "png", (data,), LIMITS))
                outcomes["drawn"] += 1
            except EngineError as error:
                assert error.code in REFUSALS, f"input {number}: {error.code} {data!r}"
                outcomes[f"not drawn: {error.code}"] += 1
    print(f"svg: {COUNT} inputs, {dict(outcomes)}, slowest {slowest * 1000:.0f} ms of CPU")
    assert slowest < CPU_SECONDS
    assert outcomes["sanitised"] > COUNT // 4 and outcomes["drawn"] > COUNT // 20
