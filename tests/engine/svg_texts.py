"""Texts in SVG as programs and people write them, for our renderer and for a browser that is given the same fonts."""

import base64
import re
from functools import cache
from pathlib import Path

from tests.engine import svgs
from transforms.engine.svg import drawing

SIZE = 'width="160" height="80"'
GENERIC = {"Arimo": "sans-serif|Arial|Helvetica", "Crimson Text": "serif|Times", "Roboto Mono": "monospace|Courier"}
PLACE = {"x": 10, "y": 50, "font-size": 24}


def text(attributes: str, content: str = "Hamburg 12", others: str = "") -> str:
    """A text on the plane, where its attributes do not place it, and what stands before it."""
    place = "".join(f'{name}="{value}" ' for name, value in PLACE.items() if f" {name}=" not in f" {attributes}")
    return f"{others}<text {place}{attributes}>{content}</text>"


CURVE = '<path id="curve" d="M5 70Q80 -10 155 70" fill="none"/>'
DRAWINGS = {
    "sans-serif": text('font-family="sans-serif"'),
    "serif": text('font-family="serif"'),
    "monospace": text('font-family="monospace" font-size="18"'),
    "no family": text(""),
    "unknown family before a generic one": text("font-family=\"'Nowhere Sans', Other, sans-serif\""),
    "Arial": text('font-family="Arial, sans-serif"'),
    "Helvetica": text("font-family=\"'Helvetica Neue', Helvetica, Arial, sans-serif\""),
    "family in capitals": text('font-family="SANS-SERIF"'),
    "family of a style": text('style="font-family:monospace;font-size:16px"'),
    "font in one": text('style="font:italic bold 20px/1.2 sans-serif"'),
    "family of a sheet": text('class="t"', others="<style>.t{font-family:serif;font-weight:700}</style>"),
    "inherited": f'<g font-family="sans-serif" font-weight="bold" fill="#336">{text("")}</g>',
    **{f"weight {weight}": text(f'font-family="sans-serif" font-weight="{weight}"') for weight in (500, 600, 700, 900)},
    "weight 100": text('font-family="monospace" font-weight="100" font-size="16"'),
    "weight 300": text('font-family="monospace" font-weight="300" font-size="16"'),
    "serif of 600": text('font-family="serif" font-weight="600"'),
    "bold": text('font-family="serif" font-weight="bold"'),
    "bolder": '<g font-family="serif" font-weight="bold">'
    + text("", '<tspan font-weight="lighter">light</tspan> bold')
    + "</g>",
    "italic": text('font-family="sans-serif" font-style="italic"'),
    "oblique": text('font-family="serif" font-style="oblique"'),
    "bold italic": text('font-family="serif" font-style="italic" font-weight="bold"'),
    "middle": text('font-family="sans-serif" text-anchor="middle" x="80"'),
    "end": text('font-family="sans-serif" text-anchor="end" x="150"'),
    "middle of tspans": text(
        'font-family="sans-serif" text-anchor="middle" x="80"', 'One <tspan fill="red">two</tspan> three'
    ),
    "lines": text(
        'font-family="sans-serif" font-size="18"',
        'First line<tspan x="10" dy="1.2em">second</tspan><tspan x="20" dy="18">third</tspan>',
    ),
    "tspans": text(
        'font-family="sans-serif"',
        'a<tspan font-size="36">b</tspan><tspan dx="10" dy="-8" fill="red">c</tspan>'
        '<tspan font-family="serif">d</tspan>',
    ),
    "lists of places": text('font-family="sans-serif" dx="0 4 8" dy="0 -5 5"', "Places"),
    "places of letters": text('font-family="sans-serif"', '<tspan x="10 40 80 130" y="30 40 50 60">abcd</tspan>'),
    "turned letters": text('font-family="sans-serif" rotate="0 20 -20 45"', "Turned"),
    "on a path": text('font-family="sans-serif"', '<textPath href="#curve">Along it</textPath>', CURVE),
    "middle of a path": text(
        'font-family="sans-serif" text-anchor="middle"',
        '<textPath xlink:href="#curve" startOffset="50%">Middle</textPath>',
        CURVE,
    ).replace('x="10" y="50" ', ""),
    "letter-spacing": text('font-family="sans-serif" letter-spacing="3"', "Spaced"),
    "letter-spacing of em": text('font-family="sans-serif" style="letter-spacing:.1em"', "Spaced"),
    "negative letter-spacing": text('font-family="sans-serif" letter-spacing="-1.5"'),
    "word-spacing": text('font-family="sans-serif" word-spacing="15"', "two of them"),
    "kerning": text('font-family="sans-serif"', "AVATAR To"),
    "no kerning": text('font-family="sans-serif" style="font-kerning:none"', "AVATAR To"),
    "ligatures": text('font-family="serif"', "office fluff"),
    **{
        f"baseline {name}": text(f'font-family="sans-serif" dominant-baseline="{name}"', "Base xg")
        for name in (
            "middle",
            "central",
            "hanging",
            "text-before-edge",
            "text-after-edge",
            "mathematical",
            "ideographic",
        )
    },
    "middle of serif": text('font-family="serif" dominant-baseline="middle"', "Base xg"),
    "baseline of a tspan": text('font-family="sans-serif"', 'Ab<tspan alignment-baseline="middle">Ab</tspan>'),
    "super": text('font-family="sans-serif"', 'x<tspan baseline-shift="super" font-size="14">2</tspan>'),
    "sub": text('font-family="sans-serif"', 'H<tspan baseline-shift="sub" font-size="14">2</tspan>O'),
    "shift of a share": text('font-family="sans-serif"', 'x<tspan baseline-shift="40%">2</tspan>'),
    "underline": text('font-family="sans-serif" text-decoration="underline"', "Aunt Ann"),
    "line-through": text('font-family="sans-serif" text-decoration="line-through"', "Aunt Ann"),
    "overline": text('font-family="serif" text-decoration="overline" fill="#c00"', "Aunt Ann"),
    "length": text('font-family="sans-serif" textLength="140"', "Stretched"),
    "length of glyphs": text('font-family="sans-serif" textLength="140" lengthAdjust="spacingAndGlyphs"', "Stretched"),
    "spaces": text('font-family="sans-serif"', "  a   b \n  c "),
    "kept spaces": text('font-family="sans-serif" xml:space="preserve"', "  a   b  c "),
    "white-space": text('font-family="sans-serif" style="white-space:pre"', "  a   b  c "),
    "entities": text('font-family="sans-serif"', "&lt;a&amp;b&gt; &#xe9;"),
    "accents": text('font-family="serif"', "Ünï Łódź"),
    "combined accents": text('font-family="sans-serif"', "e\u0301a\u0308 n\u0303"),
    "Greek and Cyrillic": text('font-family="sans-serif"', "Ελλά Росс"),
    "stroke": text('font-family="sans-serif" font-size="40" stroke="#c00" stroke-width="2" fill="#fff"', "Edge"),
    "stroke first": text(
        'font-family="sans-serif" font-size="40" stroke="#c00" stroke-width="6" fill="#fff" paint-order="stroke"',
        "Edge",
    ),
    "gradient": text(
        'font-family="sans-serif" font-weight="700" fill="url(#g)"',
        others='<linearGradient id="g"><stop stop-color="red"/><stop offset="1" stop-color="blue"/></linearGradient>',
    ),
    "transformed": text('font-family="sans-serif" transform="rotate(-10 20 40) scale(1.1 .9)"'),
    "clip": '<clipPath id="c"><text x="10" y="60" font-size="50" font-family="sans-serif" font-weight="700">CLIP</text>'
    '</clipPath><rect width="160" height="80" fill="#08f" clip-path="url(#c)"/>',
    "opacity": text('font-family="sans-serif" opacity=".5" fill-opacity=".6"'),
    "em and percent": '<g font-size="20" font-family="sans-serif">'
    '<text x="1em" y="50%" font-size="150%">Share</text></g>',
    "sizes of names": text('font-family="sans-serif" style="font-size:x-large"'),
    "points": text('font-family="sans-serif" style="font-size:18pt"'),
    "small caps": text('font-family="sans-serif" font-variant="small-caps"', "Small"),
    "vertical": text('font-family="sans-serif" font-size="18" writing-mode="tb" x="80" y="5"', "Down"),
    "display none": text('font-family="sans-serif"', 'a<tspan display="none">b</tspan>c'),
    "hidden": text('font-family="sans-serif"', 'a<tspan visibility="hidden">b</tspan>c'),
    "used twice": "<defs>"
    + text('font-family="sans-serif" id="u"', "Twice")
    + '</defs><use href="#u"/><use href="#u" x="100" y="20"/>',
    "a link": text('font-family="sans-serif"', 'See <a href="https://example.org">here</a>'),
    "chosen by language": '<switch><text systemLanguage="de" x="10" y="50">Deutsch</text>'
    '<text systemLanguage="en" x="10" y="50" font-size="24" font-family="sans-serif">English</text>'
    '<text x="10" y="50">other</text></switch>',
}
FONT_FACES = {
    "Arimo-Italic[wght].ttf": ("Arimo", "400 700", "italic"),
    "Arimo[wght].ttf": ("Arimo", "400 700", "normal"),
    "CrimsonText-Bold.ttf": ("Crimson Text", "700", "normal"),
    "CrimsonText-BoldItalic.ttf": ("Crimson Text", "700", "italic"),
    "CrimsonText-Italic.ttf": ("Crimson Text", "400", "italic"),
    "CrimsonText-Regular.ttf": ("Crimson Text", "400", "normal"),
    "CrimsonText-SemiBold.ttf": ("Crimson Text", "600", "normal"),
    "CrimsonText-SemiBoldItalic.ttf": ("Crimson Text", "600", "italic"),
    "RobotoMono-Italic[wght].ttf": ("Roboto Mono", "100 700", "italic"),
    "RobotoMono[wght].ttf": ("Roboto Mono", "100 700", "normal"),
}


@cache
def _font_face(path: Path) -> str:
    family, weight, style = FONT_FACES[path.name]
    data = base64.b64encode(path.read_bytes()).decode()
    return (
        f"@font-face{{font-family:'{family}';font-weight:{weight};font-style:{style};"
        f"src:url(data:font/ttf;base64,{data})}}"
    )


def for_browser(content: str) -> bytes:
    """A document of this content, whose families are named as our fonts are, with those fonts in it."""
    for family, generic in GENERIC.items():
        content = re.sub(rf"(?<![\w'-])(?:{generic})(?![\w-])", family, content, flags=re.IGNORECASE)
    content = f"<style>svg{{font-family:'Crimson Text'}}</style>{content}"
    faces = [_font_face(path) for path in map(Path, drawing.fonts()) if FONT_FACES[path.name][0] in content]
    return svgs.svg(f"<style>{''.join(faces)}</style>{content}", SIZE)
