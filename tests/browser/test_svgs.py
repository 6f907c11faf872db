"""Chromium as the oracle of drawings: what resvg draws of a sanitised SVG is what the browser draws of the source."""

import pytest

from tests.browser import drawings as pixels
from tests.engine import pictures
from tests.engine.svgs import ORDINARY

pytestmark = pytest.mark.prove
SVG_TYPE = "image/svg+xml"
SCALE = 4  # edges, which every renderer smooths in its own way, are then less than a hundredth of the pixels
MOST_DELTA_E = 2.0
LATIN = "Chromium reads an SVG of an <img> as UTF-8, whatever it says"
# name → why it is not as Chromium draws it
EXCEPTIONS = {
    "shares of nothing": "without a size and a view box Chromium shows more of the plane in a larger box",
    "embedded picture": "pictures are enlarged by another filter",
    "pattern": "tiles of patterns are resampled",
    "animation that has begun": "a drawing shows what is there before any animation",
    "box of a transform": "the renderer does not know transform-box",
    "mixed colours": "the renderer does not know color-mix()",
    "shape of CSS": "the renderer does not know the shapes of clip-path",
    "stroke of one width": "the renderer does not know non-scaling-stroke",
}


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_a_drawing_is_drawn_as_in_chromium(drawings, name):
    """I10, I12"""
    data = ORDINARY[name]
    theirs = drawings.still(data, SVG_TYPE, SCALE)
    if name == "Latin-1":
        assert theirs is None, LATIN
        return
    mine = pictures.seen(pictures.render(data, "png", dpr=SCALE)).convert("RGBA")
    assert mine.size == theirs.size
    assert pictures.render(data).source_size == drawings.still(data, SVG_TYPE).size
    difference = pixels.difference(theirs, mine)
    assert (difference > MOST_DELTA_E) == (name in EXCEPTIONS), f"ΔE2000 of {difference:.1f}"


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_the_sanitised_copy_is_the_same_picture_in_chromium(drawings, name):
    """I10"""
    theirs = drawings.still(ORDINARY[name], SVG_TYPE, SCALE)
    copy = drawings.still(pictures.render(ORDINARY[name], "svg").body, SVG_TYPE, SCALE)
    assert copy is not None and (theirs is None or pixels.difference(theirs, copy) == 0)
