"""Texts of drawings: the font that is named is the font that is drawn, or one like it, however CSS says it.

tests/browser/test_svg_texts.py compares them with Chromium's.
"""

import pytest

from tests.engine import pictures
from tests.engine.svgs import svg
from transforms.engine.svg import text_fonts

LONG = "font-style:italic;font-weight:bold;font-size:20px;font-family:sans-serif"


def drawn(attributes: str, content: str = "Hamburg", others: str = "") -> bytes:
    """The pixels of a text."""
    data = svg(f'{others}<text x="5" y="40" font-size="20" {attributes}>{content}</text>')
    return pictures.seen(pictures.render(data)).convert("RGBA").tobytes()


@pytest.mark.parametrize(
    ("family", "generic"),
    [
        ("SANS-SERIF", "sans-serif"),
        ("Monospace", "monospace"),
        ("Arial", "sans-serif"),
        ("'Helvetica  Neue', Georgia", "sans-serif"),
        ("Nowhere, &quot;Courier New&quot;", "monospace"),
        ("Georgia", "serif"),
        ("Nowhere Sans", "serif"),
        ("'sans-serif'", "serif"),
    ],
)
def test_a_family_is_drawn_by_the_font_like_it(family, generic):
    wanted = drawn(f'font-family="{generic}"')
    assert drawn(f'font-family="{family}"') == wanted == drawn(f'style="font-family:{family}"')
    assert len({drawn(f'font-family="{name}"') for name in ("serif", "sans-serif", "monospace")}) == 3


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("font:italic bold 20px/1.2 sans-serif", LONG),
        ("font:bold italic 20px Nowhere, Arial", LONG),
        ("font-family:monospace;font-weight:bold;font:16px sans-serif", "font-size:16px;font-family:sans-serif"),
        ("font:16px monospace;font-weight:bold", "font-size:16px;font-family:monospace;font-weight:bold"),
        ("font:bold 30px", ""),
        ("font:caption", ""),
    ],
)
def test_the_shorthand_of_fonts_is_what_it_stands_for(short, long):
    wanted = drawn(f'style="{long}"')
    assert drawn(f'style="{short}"') == wanted == drawn('class="t"', others=f"<style>.t{{{short}}}</style>")


@pytest.mark.parametrize(
    ("css", "plain"), [("font-size:x-large", "font-size:24px"), ("font-size:Small", "font-size:13px")]
)
def test_a_size_that_has_a_name_is_that_of_browsers(css, plain):
    assert drawn(f'style="{css}"') == drawn(f'style="{plain}"') == drawn(f'style="{css}"', others="<style>a{}</style>")


def test_spaces_are_kept_where_css_says_so():
    preserved = drawn('xml:space="preserve"', "  a   b")
    assert drawn('style="white-space:pre"', "  a   b") == preserved == drawn('white-space="pre-wrap"', "  a   b")
    assert drawn("", "  a   b") != preserved


def test_a_text_that_names_fonts_is_drawn_as_it_is_written():
    small = 'style="font-size:7px"'
    assert drawn(small, "font-family: Arial") != drawn(small, "font-family: Arial, sans-serif")


def test_a_variable_of_a_group_is_known_without_a_style_sheet():
    red = svg('<g style="--c:red"><rect width="50" height="50" style="fill:var(--c)"/></g>')
    assert pictures.seen(pictures.render(red)).convert("RGB").getpixel((10, 10)) == (255, 0, 0)


def test_a_list_of_families_keeps_what_it_names():
    assert text_fonts.families("\"A, b\", 'Lato', serif") == "\"A, b\", 'Lato', sans-serif, serif"
    assert text_fonts.families("") == text_fonts.families(" , ") == ""
