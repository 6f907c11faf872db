"""Chromium as the oracle of texts in drawings, where it has the fonts that we draw by.

Glyphs above 256 pixels are filled as paths by Chromium; smaller ones get more contrast at their edges. So texts are
drawn large and compared small.
"""

import pytest

from tests.browser import drawings as pixels
from tests.engine import pictures, svg_texts, svgs

pytestmark = [pytest.mark.prove, pytest.mark.timeout(300)]
SVG_TYPE = "image/svg+xml"
SCALE, REDUCTION = 16, 8
MOST_DELTA_E = 2.0
METRICS = "the renderer takes this baseline from other metrics of the font: less than a pixel of 24"
THICKNESS = "the renderer draws lines as thick as the font says, Chromium thicker"
# name → why it is not as Chromium draws it
EXCEPTIONS = {
    "bolder": "the renderer makes lighter one step lighter, not as CSS says",
    "small caps": "the renderer makes no small capitals of a font that has none",
    "underline": THICKNESS,
    "line-through": THICKNESS,
    "overline": THICKNESS,
    "transformed": "the letters of a turned text lie less than a pixel elsewhere",
    "on a path": "the renderer measures where a letter lies on a curve otherwise: less than a pixel of 24",
    **{
        f"baseline {name}": METRICS
        for name in ("central", "hanging", "text-before-edge", "text-after-edge", "mathematical", "ideographic")
    },
}


@pytest.mark.parametrize("name", sorted(svg_texts.DRAWINGS))
def test_a_text_is_drawn_as_in_chromium(drawings, name):
    """I10"""
    content = svg_texts.DRAWINGS[name]
    theirs = drawings.still(svg_texts.for_browser(content), SVG_TYPE, SCALE)
    mine = pictures.seen(pictures.render(svgs.svg(content, svg_texts.SIZE), "png", w=theirs.width)).convert("RGBA")
    assert mine.size == theirs.size
    difference = pixels.difference(theirs.reduce(REDUCTION), mine.reduce(REDUCTION))
    assert (difference > MOST_DELTA_E) == (name in EXCEPTIONS), f"ΔE2000 of {difference:.1f}"
