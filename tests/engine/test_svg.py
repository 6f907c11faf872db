"""SVG as a source: drawn at the size that is asked for, as large as browsers show it, and passed on sanitised."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests.engine import pictures, svgs
from tests.engine.svgs import NAMES, ORDINARY, SQUARE, svg
from transforms.engine import effective, pipeline
from transforms.engine.errors import EngineError
from transforms.engine.job import Job
from transforms.engine.limits import Limits
from transforms.engine.request.query import Query
from transforms.engine.request.spec import Spec
from transforms.engine.svg import drawing

HALVES = svg(
    '<rect width="120" height="80" fill="#00f"/><rect x="60" width="60" height="80" fill="#f00"/>',
    'width="120" height="80"',
)


def parsed(query: str) -> Spec:
    """The request of a transform."""
    return Query.parse(f"src=s&{query}").spec("transform")


def drawn(data: bytes, output_format: str = "png", **values) -> Image.Image:
    """The picture of a transform, RGBA."""
    return pictures.seen(pictures.render(data, output_format, **values)).convert("RGBA")


def refusal(data: bytes, output_format: str = "png", limits: Limits | None = None, **values) -> EngineError:
    with pytest.raises(EngineError) as caught:
        pictures.render(data, output_format, limits, **values)
    return caught.value


def edge_pixels(image: Image.Image) -> int:
    """How many pixels of the middle row are of neither half."""
    row = np.asarray(image.convert("RGB"))[image.height // 2].astype(int)
    return int(((row != (0, 0, 255)).any(axis=-1) & (row != (255, 0, 0)).any(axis=-1)).sum())


@pytest.mark.parametrize("name", sorted(ORDINARY))
def test_a_drawing_of_any_program_is_drawn(name):
    """I2, I10"""
    image = drawn(ORDINARY[name])
    assert image.getchannel("A").getextrema()[1] > 100


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ('width="40" height="30"', (40, 30)),
        ('width="40.2" height="29.5px"', (41, 30)),
        ('width="1in" height="1pc"', (96, 16)),
        ('width="2em" height="1cm"', (32, 38)),
        ('width="50%" height="50%"', (300, 150)),
        ("", (300, 150)),
        ('viewBox="0 0 24 24"', (150, 150)),
        ('viewBox="0 0 60 10"', (300, 50)),
        ('viewBox="0 0 24 12" width="48"', (48, 24)),
        ('viewBox="0,0,24,12" height="48"', (96, 48)),
        ('width="48"', (48, 150)),
        ('height="48"', (300, 48)),
        ('width="-5" height="20"', (300, 20)),
        ('width="NaN" height="1e1"', (300, 10)),
        ('width="abc" viewBox="0 0 -1 5"', (300, 150)),
        ('viewBox="0 0 24 24" style="width:60px;height:40px"', (150, 150)),
    ],
)
def test_its_own_size_is_what_browsers_show_it_in(attributes, size):
    """I12"""
    output = pictures.render(svg(SQUARE, attributes))
    assert (output.width, output.height) == output.source_size == size


def test_a_larger_box_is_filled_sharply_without_being_asked_to_enlarge():
    """I12"""
    output = pictures.render(HALVES, w=1200)
    assert (output.width, output.height, output.source_size, output.warnings) == (1200, 800, (120, 80), ())
    assert edge_pixels(pictures.seen(output)) == 0
    assert pictures.render(HALVES, w=1200, enlarge=True).body == output.body


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"w": 600, "h": 600, "fit": "cover"}, (600, 600)),
        ({"w": 600, "h": 600, "fit": "pad"}, (600, 600)),
        ({"w": 600, "h": 600, "fit": "fill"}, (600, 600)),
        ({"w": 900, "crop": ("px", 30, 20, 60, 40)}, (900, 600)),
        ({"w": 900, "crop": ("fr", 0.25, 0.25, 0.5, 0.5)}, (900, 600)),
        ({"w": 900, "h": 900, "fit": "cover", "crop": ("px", 30, 20, 60, 40), "focal": (0.5, 0.5)}, (900, 900)),
        ({"dpr": 4}, (480, 320)),
        ({"w": 600, "position": "face", "h": 600, "fit": "cover", "rotate": 180}, (600, 600)),
    ],
)
def test_every_way_of_fitting_is_drawn_and_not_enlarged(values, size):
    """I12"""
    if values.get("position") == "face":
        values = {**values, "position": "smart"}
    image = drawn(HALVES, **values)
    assert image.size == size and edge_pixels(image.crop(image.getbbox())) <= 2


def test_what_is_trimmed_is_sharp_and_the_same_whatever_drawing_it_is_of():
    spot = svg('<rect x="40" y="30" width="20" height="10" fill="#f00"/>', 'width="120" height="80"')
    image = drawn(spot, trim=10, w=1000)
    assert image.size == (1000, 500) and image.getpixel((2, 2)) == (255, 0, 0, 255)
    assert drawn(spot, trim=10).size == (20, 10)
    assert drawn(spot, trim=10, crop=("px", 0, 0, 60, 80)).size == (20, 10)
    assert drawn(svg(), trim=10).size == (120, 80)


SIZES_ASKED = ["w=50", "w=500&h=400&fit=cover", "w=500&h=50&fit=fill", "crop=10,10,40,40&w=400", "rotate=90&h=300", ""]


@pytest.mark.parametrize("query", [*SIZES_ASKED, "w=500&h=400&fit=pad", "dpr=3", "crop=0.1,0.1,0.3,0.3&rotate=270"])
def test_the_sizes_of_a_drawing_are_foretold(query):
    """H4"""
    values = parsed(query).values
    output = pictures.render(HALVES, **values)
    assert output.is_vector
    assert effective.shape("transform", values, output.source_size, is_vector=True) == output.shape
    assert effective.warnings("transform", values, output.source_size, is_vector=True) == output.warnings == ()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("w=240", "dpr=2"),
        ("w=240", "h=160"),
        ("w=240", "w=240&h=160&fit=cover&position=top"),
        ("w=240", "w=240&enlarge=1"),
        ("crop=0,0,60,40&w=300", "crop=0,0,0.5,0.5&h=200"),
        ("crop=0,0,60,40", "crop=0,0,0.5,0.5&w=60"),
        ("trim=3&w=300", "trim=3&h=400"),
    ],
)
def test_requests_that_come_to_the_same_drawing_are_one_picture(one, other):
    """H4"""
    first, second = parsed(one), parsed(other)
    outputs = [pictures.render(HALVES, **request.values) for request in (first, second)]
    identities = [
        effective.identity(request, output.source_size, output.shape)
        for request, output in zip((first, second), outputs, strict=True)
    ]
    assert outputs[0].body == outputs[1].body and identities[0] == identities[1]


def test_the_result_is_bounded_before_anything_is_drawn():
    """I1, I3"""
    huge = svg(SQUARE, 'width="30000" height="30000"')
    assert refusal(huge).code == "output_too_large"
    assert drawn(huge, w=50).getpixel((20, 20)) == (255, 0, 0, 255)
    assert refusal(svg(SQUARE, 'width="1e30" height="5"')).code == "source_side_too_long"
    assert refusal(HALVES, limits=Limits(output_pixels=1_000), w=1_000).code == "output_too_large"


def test_a_part_of_a_very_long_drawing_is_drawn_smaller_and_enlarged():
    """I3"""
    assert drawing.fitted((8_192, 8_192)) == (5_000, 5_000) and drawing.fitted((800, 600)) == (800, 600)
    assert max(drawing.fitted((10, 60_000))) <= drawing.LONGEST_SIDE
    image = drawn(svg(SQUARE, 'width="2" height="60000"'), w=300, h=300, fit="cover")
    assert image.size == (300, 300) and image.getpixel((150, 150)) == (255, 0, 0, 255)


@pytest.mark.parametrize("attributes", ['width="0" height="9"', 'viewBox="0 0 0 9"', 'width="5" height="0mm"'])
def test_a_drawing_without_an_area_is_refused(attributes):
    error = refusal(svg(SQUARE, attributes))
    assert error.code == "broken_image" and "no area" in error.message


@pytest.mark.parametrize("output_format", ["avif", "jpeg", "png", "webp", "gif", "auto", "nocompress"])
def test_every_format_holds_a_drawing(output_format):
    output = pictures.render(ORDINARY["icon"], output_format, w=200)
    assert pictures.seen(output).size == (200, 200) and output.warnings == ()
    assert output.content_type == {"auto": "image/png", "nocompress": "image/png"}.get(
        output_format, f"image/{output_format}"
    )


def test_info_tells_the_size_and_the_type_of_a_drawing():
    output = pipeline.render(Job("info", {}, "json", (ORDINARY["icon"],)))
    metadata = json.loads(output.body)["metadata"]
    assert (metadata["format"], metadata["contentType"]) == ("svg", "image/svg+xml")
    assert (metadata["width"], metadata["height"], metadata["hasAlpha"], metadata["frames"]) == (96, 96, True, 1)
    assert output.is_vector and json.loads(output.body)["colors"][0]["hex"] == "#e91e63"


def test_a_drawing_is_a_sharp_mark_a_cell_of_a_grid_and_a_placeholder():
    photo = pictures.saved(Image.new("RGB", (400, 400), "white"), "PNG")
    marked = pipeline.render(Job("transform", {"mark": True, "mark-w": 240, "mark-padding": 0}, "png", (photo, HALVES)))
    image = pictures.seen(marked).convert("RGBA")
    assert edge_pixels(image.crop((160, 240, 400, 400))) == 0
    sheet = pictures.seen(pipeline.render(Job("grid", {"w": 240, "h": 160}, "png", (HALVES,))))
    assert sheet.size == (240, 160) and edge_pixels(sheet) == 0
    placeholder = pipeline.render(Job("placeholder/color", {}, "png", (svg(SQUARE),)))
    assert pictures.seen(placeholder).convert("RGB").getpixel((0, 0)) == (255, 0, 0)
    assert (placeholder.width, placeholder.height) == (120, 80)


def test_text_is_drawn_in_fonts_that_are_the_same_on_every_machine():
    text = svg(
        '<text x="5" y="30" font-family="Helvetica, Arial, sans-serif">Hello</text><text x="5" y="60"'
        ' font-family="Foo">Hello</text><text x="60" y="30" font-family="monospace" font-weight="bold">Hello</text>'
        '<text x="60" y="60" style="font-family: serif">Żółć Привет</text>'
    )
    image = drawn(text, w=480)
    for box in ((20, 60, 200, 140), (20, 180, 200, 260), (240, 60, 440, 140), (240, 180, 440, 260)):
        assert image.crop(box).getbbox()
    assert len(drawing.fonts()) == 10 and all("site-packages" in path for path in drawing.fonts())


def test_the_web_process_loads_neither_the_renderer_nor_what_reads_css():
    code = (
        "import transforms.engine.pipeline, sys; "
        "assert not {'cssselect2', 'fontpkg', 'fontpkg_arimo', 'resvg_py', 'tinycss2'} & set(sys.modules), 'loaded'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_drawing_is_passed_on_sanitised_and_otherwise_as_it_is():
    """I10"""
    data = svg(
        '<style>.a { fill: #0a0 }</style><script>alert(1)</script><g id="g" onclick="x()"><path class="a"'
        ' d="M0 0h9v9z"/><text xml:space="preserve"> a <tspan>b</tspan><tspan>c</tspan> </text>'
        '<animate attributeName="opacity" values="0;1" dur="1s"/></g>',
        'viewBox="0 0 24 24"',
    )
    output = pictures.render(data, "svg")
    assert output.content_type == "image/svg+xml" and output.warnings == () and output.is_vector
    assert output.body.decode() == (
        f'<svg {NAMES} viewBox="0 0 24 24"><style>.a {{fill:#0a0;}}</style><g id="g"><path class="a" d="M0 0h9v9z"/>'
        '<text xml:space="preserve"> a <tspan>b</tspan><tspan>c</tspan> </text><animate attributeName="opacity"'
        ' values="0;1" dur="1s"/></g></svg>'
    )
    assert pictures.render(output.body, "svg").body == output.body


def test_what_a_viewer_may_miss_is_said():
    """I10"""
    data = svg(
        "<style>@font-face{font-family:x;src:url(data:font/woff2;base64,AA)}</style><foreignObject/>"
        '<image href="https://other.example/a.png"/><image href="data:image/png;base64,AAAA"/>'
    )
    words = "Left out of the SVG: HTML, embedded pictures, fonts of its own, what lies in other files."
    assert pictures.render(data, "svg").warnings == pictures.render(data, "png").warnings == (words,)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF"])
def test_only_an_svg_is_passed_on_as_svg(name):
    error = refusal(pictures.saved(pictures.cornered(), name), "svg")
    assert (error.code, error.param) == ("invalid_parameter", "format") and name in error.message


@pytest.mark.parametrize("query", ["w=80", "quality=50", "mark=shop/a.png", "background=fff", "truncated=allow"])
def test_passing_an_svg_on_goes_with_nothing_that_changes_it(query):
    with pytest.raises(EngineError) as caught:
        parsed(f"format=svg&{query}")
    name = query.partition("=")[0]
    assert (caught.value.code, caught.value.param) == ("conflicting_parameters", name)
    assert parsed("format=svg&v=2&download=a.svg&ttl=60").format == "svg"


def test_pictures_in_a_drawing_keep_no_metadata_and_are_bound_together():
    """P07, I1"""
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "Secret Camera", 6
    for kind in ("JPEG", "PNG", "WEBP"):
        data = pictures.saved(pictures.cornered(), kind, exif=exif)
        body = pictures.render(svg(svgs.image_of(data)), "svg").body
        assert b"<image" in body and svgs.embedded(body) and b"Secret" not in svgs.embedded(body)
        assert drawn(svg(svgs.image_of(data))).getchannel("A").getextrema() == (0, 255)
    one = svgs.image_of(pictures.saved(Image.new("1", (5_000, 4_000)), "PNG"))
    other = svgs.image_of(pictures.saved(Image.new("1", (5_000, 4_001)), "PNG"))
    assert refusal(svg(one + other), limits=Limits(source_pixels=30_000_000)).code == "too_many_pixels"
    assert drawn(svg(one * 3), limits=None).size == (120, 80)


def test_a_rule_takes_the_variables_of_each_element_that_it_is_for():
    """I10"""
    rule = "<style>.c{fill:rgb(var(--red),0,0)}</style>"
    places = ((0, 255), (50, 100))
    elements = [f'<rect class="c" style="--red:{red}" x="{x}" width="9" height="9"/>' for x, red in places]
    picture = pictures.seen(pictures.render(svg(rule + "".join(elements)), "png")).convert("RGB")
    assert [picture.getpixel((x, 4)) for x in (4, 54)] == [(255, 0, 0), (100, 0, 0)]


@pytest.mark.parametrize(
    ("colour", "levels"),
    [
        ("rebeccapurple", (102, 51, 153)),
        ("lab(50% 40 20)", (185, 88, 87)),
        ("lch(50% 40 20)", (180, 91, 98)),
        ("oklab(60% .1 .1)", (195, 96, 46)),
        ("oklch(60% .15 200)", (0, 153, 163)),
        ("color(srgb .2 .4 .6)", (51, 102, 153)),
        ("color(srgb-linear .2 .4 .6)", (124, 170, 203)),
        ("color(display-p3 0 1 0)", (0, 255, 0)),
        ("color(rec2020 .2 .4 .6)", (0, 120, 168)),
        ("color(a98-rgb .2 .4 .6)", (0, 102, 156)),
        ("color(prophoto-rgb .2 .4 .6)", (0, 130, 176)),
        ("color(xyz .2 .4 .6)", (0, 201, 198)),
        ("color(none of these)", (0, 0, 0)),
    ],
)
@pytest.mark.parametrize("way", ['fill="{}"', 'style="fill:{}"'])
def test_colours_of_css_4_are_drawn_as_browsers_draw_them(way, colour, levels):
    """I10, I12: the levels are those of Chromium 156."""
    image = pictures.seen(pictures.render(svgs.svg(f'<rect width="80" height="60" {way.format(colour)}/>'), "png"))
    assert pictures.near(image.convert("RGB").getpixel((5, 5)), levels, 2)


@pytest.mark.parametrize(
    ("media", "is_shown"),
    [
        ("(min-width:1px)", True),
        ("(max-width: 9px)", False),
        ("screen and (min-width:10px) and (max-height:4000px)", True),
        ("print and (min-width:10px)", False),
        ("(min-height:4000px), (min-width:1px)", True),
        ("(min-width:1.2.3px)", False),
    ],
)
def test_rules_may_ask_for_the_size_of_the_drawing(media, is_shown):
    """I10"""
    body = f'<style>@media {media}{{rect{{fill:#00f}}}}</style><rect width="80" height="60" fill="red"/>'
    image = pictures.seen(pictures.render(svgs.svg(body), "png"))
    assert pictures.near(image.convert("RGB").getpixel((5, 5)), (0, 0, 255) if is_shown else (255, 0, 0), 1)
