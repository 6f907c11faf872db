"""Golden pictures: every step against a picture that was looked at, every colour case against what should be seen.

Compared by numbers, not by bytes: CIEDE2000 (about 1 is just visible) and SSIM.
"""

import functools

import numpy as np
import pytest
from PIL import Image

from tests.engine import coloured_sources, golden_pictures, metrics, pictures
from transforms.engine import resampling

CASES = coloured_sources.cases()
# Mean CIEDE2000 at most, SSIM at least, at quality 95. GIF has 256 colours for all of it.
EXACT, LOSSY, GIF = (0.6, 0.99), (1.0, 0.985), (2.6, 0.85)
OUTPUTS = {"png": EXACT, "webp": LOSSY, "avif": LOSSY, "jpeg": LOSSY, "gif": GIF}
# Dithered sources: coarse grain that halved chroma cannot hold.
GRAINY = ("palette", "palette with clear", "gif")
GRAINY_LOSSY = (2.3, 0.975)
HALF_CLEAR = ("16-bit rgba", "16-bit grey alpha", "transparency", "transparency webp")


@functools.cache
def _render(case: str, output: str) -> Image.Image:
    return pictures.seen(pictures.render(CASES[case][0], output, quality=95))


def expected(case: str, output: str) -> Image.Image:
    """The picture that a viewer should show: GIF's alpha is all or nothing."""
    image = CASES[case][1].convert("RGBA")
    if output == "gif":
        image.putalpha(image.getchannel("A").point(lambda level: 255 if level >= 128 else 0))
    return image


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("case", CASES)
def test_every_colour_case_looks_right_in_every_output(case, output):
    """I12, I13"""
    most, least = GRAINY_LOSSY if case in GRAINY and OUTPUTS[output] == LOSSY else OUTPUTS[output]
    rendered, truth = _render(case, output), expected(case, output)
    assert rendered.size == truth.size
    assert float(metrics.colour_difference(rendered, truth).mean()) <= most
    assert metrics.ssim(rendered, truth) >= least
    assert "icc_profile" not in rendered.info


@pytest.mark.parametrize("output", ["png", "webp", "avif"])
@pytest.mark.parametrize("case", [*HALF_CLEAR, "palette with clear"])
def test_alpha_is_kept_level_by_level(case, output):
    """I13"""
    alphas = [
        np.asarray(image.convert("RGBA").getchannel("A")).astype(int)
        for image in (_render(case, output), CASES[case][1])
    ]
    assert np.abs(alphas[0] - alphas[1]).max() <= 3


@pytest.mark.parametrize("output", ["png", "jpeg"])
def test_a_colour_beyond_srgb_comes_out_as_the_nearest_it_has(output):
    for levels, nearest in (((255, 0, 0), (255, 0, 0)), ((0, 255, 0), (0, 255, 0)), ((255, 255, 255), (255, 255, 255))):
        data = pictures.saved(Image.new("RGB", (16, 16), levels), "PNG", icc_profile=coloured_sources.p3_profile())
        assert pictures.near(pictures.seen(pictures.render(data, output)).getpixel((8, 8)), nearest, 4)


def test_ignoring_the_profile_would_be_seen():
    """The ruler is fine enough to tell a picture whose profile was dropped."""
    wide = coloured_sources.in_p3(coloured_sources.painted())
    assert float(metrics.colour_difference(wide, coloured_sources.painted()).mean()) > 2 * LOSSY[0]


@pytest.mark.parametrize("case", ["p3 png", "cmyk tiff", "16-bit rgb", "srgb"])
def test_colours_are_right_after_scaling_too(case):
    small = pictures.seen(pictures.render(CASES[case][0], w=60))
    reference = coloured_sources.painted().resize((60, 40), Image.Resampling.LANCZOS)
    assert float(metrics.colour_difference(small, reference).mean()) <= EXACT[0]


@pytest.mark.parametrize("kernel", resampling.KERNELS)
@pytest.mark.parametrize("query", golden_pictures.EXAMPLES)
def test_every_step_gives_its_golden_picture(query, kernel, monkeypatch):
    """Meant to change? Draw them anew (`python -m tests.engine.golden_pictures`) and look at them.

    A level more or less, as kernels and kinds of SIMD differ, is well within what is allowed here.
    """
    monkeypatch.setattr(resampling, "_chosen", [kernel])
    rendered = golden_pictures.drawn(query)
    golden = Image.open(golden_pictures.path(query)).convert("RGBA")
    assert rendered.size == golden.size
    assert float(metrics.colour_difference(rendered, golden).mean()) <= 0.5
    assert metrics.ssim(rendered, golden) >= 0.985
    alphas = [np.asarray(image.getchannel("A")).astype(int) for image in (rendered, golden)]
    assert np.abs(alphas[0] - alphas[1]).mean() <= 1


def test_no_two_golden_pictures_are_alike_but_where_nothing_is_to_do():
    bodies: dict[bytes, list[str]] = {}
    for query in golden_pictures.EXAMPLES:
        image = Image.open(golden_pictures.path(query)).convert("RGBA")
        bodies.setdefault(repr(image.size).encode() + image.tobytes(), []).append(query)
    duplicates = [queries for queries in bodies.values() if len(queries) > 1]
    assert duplicates == [["w=240", "w=240&h=160&fit=fill"]]
