"""What a request comes to: foretold from the source's size, and two that come to the same are the same bytes (H4)."""

import itertools

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from tests import environment
from tests.engine import pictures, svgs
from tests.engine.coloured_sources import p3_profile
from transforms.engine import effective, pipeline
from transforms.engine.codecs import decode
from transforms.engine.errors import EngineError
from transforms.engine.job import Job, Output
from transforms.engine.limits import Limits
from transforms.engine.request.query import Query
from transforms.engine.steps import trim
from transforms.engine.vision import subject

FEW = settings(max_examples=environment.count(60, 300, 1_000), deadline=None, derandomize=True)
SIZE = (64, 40)
JPEG = pictures.saved(pictures.shaded(*SIZE), "JPEG")
FORMATS = ("jpeg", "png", "webp")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def rendered(query: str, endpoint: str = "transform", sources=(JPEG,), output_format: str = "jpeg") -> Output:
    """A request of so many sources, rendered in this process."""
    request = parsed(query, endpoint, len(sources))
    values = dict(request.values) | ({"mark": True} if request.mark else {})
    return pipeline.render(Job(endpoint, values, output_format, tuple(sources), Limits()))


def parsed(query: str, endpoint: str = "transform", count: int = 1):
    """The request of a query whose sources are called s."""
    return Query.parse("&".join(["src=s"] * (count if endpoint == "grid" else 1)) + f"&{query}").spec(endpoint)


def came_to(query: str, endpoint: str = "transform", sources=(JPEG,), output_format: str = "jpeg") -> tuple[str, ...]:
    """The identity of what a request came to, by what rendering it says."""
    output = rendered(query, endpoint, sources, output_format)
    return effective.identity(parsed(query, endpoint, len(sources)), output.source_size, output.shape, output.idle)


@pytest.mark.parametrize(
    "queries",
    [
        (
            "",
            "w=64",
            "w=100",
            "w=8000",
            "h=40",
            "size=64",
            "w=64&h=40&fit=cover",
            "w=640&h=400&fit=cover",
            "w=32&dpr=2",
            "w=64&dpr=4",
            "dpr=3",
            "w=64&h=40&fit=cover&crop=0,0,64,40&enlarge=0",
            "crop=0,0,1,1",
            "crop=0,0,500,500",
            "w=200&h=200&fit=fill",
            "w=64&h=40&fit=pad&position=top",
        ),
        ("w=32", "h=20", "dpr=0.5", "w=32&h=20&fit=cover&position=smart", "w=32&h=20&fit=pad"),
        ("crop=0,0,0.5,0.5", "crop=0,0,32,20", "crop=0,0,32,20&w=5000"),
        ("radius=max", "radius=20", "radius=8000", "radius=20&w=700"),
        ("rotate=90&w=40", "rotate=90&w=41", "rotate=90&h=64", "rotate=90"),
        ("w=200&h=200&fit=cover", "w=300&h=300&fit=cover", "size=999&fit=cover"),
        ("trim=10&w=64", "trim=10&w=900", "trim=10"),
        ("w=128&enlarge=1", "h=80&enlarge=1", "dpr=2&enlarge=1"),
        ("rotate=180", "flip=hv"),
        ("", "rotate=180&flip=hv"),
        ("rotate=90&flip=hv&w=20", "rotate=270&w=20"),
        ("rotate=270&flip=h", "rotate=90&flip=v"),
        ("rotate=180&flip=h", "flip=v"),
        (
            "w=40&h=40&fit=cover",
            "w=40&h=40&fit=cover&position=top",
            "w=40&h=40&fit=cover&position=0.5,0.9",
            "w=40&h=40&fit=cover&position=bottom",
        ),
        ("w=40&h=40&fit=cover&position=left", "w=40&h=40&fit=cover&position=bottom-left"),
        ("w=90&h=40&fit=pad&position=left", "w=90&h=40&fit=pad&position=top-left"),
        ("w=90&h=40&fit=pad", "w=90&h=40&fit=pad&position=top"),
    ],
)
@pytest.mark.parametrize("output_format", FORMATS)
def test_spellings_of_one_result_are_one_picture(queries, output_format):
    """H4"""
    assert len({came_to(query) for query in queries}) == 1
    assert len({rendered(query, output_format=output_format).body for query in queries}) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("w=63", "w=64"),
        ("w=40&h=40&fit=cover", "w=40&h=40&fit=cover&position=left"),
        ("rotate=90&flip=h", "rotate=90&flip=v"),
        ("rotate=90", "rotate=90&flip=h"),
        ("w=100", "w=100&enlarge=1"),
        ("w=40&h=40&fit=cover", "w=40&h=40&fit=fill"),
        ("w=100&h=40&fit=pad", "w=100&h=40&fit=pad&position=left"),
        ("w=100", "w=100&quality=40"),
        ("radius=5", "radius=6"),
        ("padding=1", "padding=2"),
        ("crop=0,0,9,9", "w=9&h=9"),
        ("w=64", "w=64&debug=crop"),
        ("w=100&debug=crop", "w=200&debug=crop"),
    ],
)
def test_other_results_are_other_pictures(first, second):
    """H4"""
    assert came_to(first) != came_to(second)


@pytest.mark.parametrize("mark", ["mark=m&mark-w=0.5", "mark=m&mark-w=32", "mark=m&mark-w=32&w=999"])
def test_a_mark_by_share_and_by_pixels_is_one_mark(mark):
    """H4"""
    logo = pictures.saved(pictures.cornered(12, 8), "PNG")
    assert came_to(mark, sources=(JPEG, logo)) == came_to("mark=m&mark-w=0.5", sources=(JPEG, logo))
    assert rendered(mark, sources=(JPEG, logo)).body == rendered("mark=m&mark-w=0.5", sources=(JPEG, logo)).body


SIDES = st.sampled_from([None, 7, 20, 32, 40, 63, 64, 65, 128, 2_000])
REQUESTS = st.fixed_dictionaries(
    {"w": SIDES, "h": SIDES},
    optional={
        "dpr": st.sampled_from([0.5, 1, 2, 3]),
        "fit": st.sampled_from(["contain", "cover", "fill", "pad"]),
        "enlarge": st.sampled_from([0, 1]),
        "position": st.sampled_from(["center", "top", "0.2,0.9", "smart"]),
        "crop": st.sampled_from(["0,0,64,40", "0,0,1,1", "0.25,0,0.5,0.5", "16,0,32,20", "0,0,9999,9999"]),
        "rotate": st.sampled_from([0, 90, 180]),
        "radius": st.sampled_from(["0", "max", "5", "20", "900"]),
        "padding": st.sampled_from([0, 3]),
        "blur": st.sampled_from([1]),
    },
)


def query_of(values: dict) -> str:
    """The values as a query."""
    query = "&".join(f"{name}={value}" for name, value in values.items() if value is not None)
    try:
        parsed(query)
    except EngineError:
        reject()
    return query


@FEW
@given(values=REQUESTS)
def test_what_a_request_comes_to_is_foretold_by_the_size_of_its_source(values):
    """H4: /explain tells by it."""
    query = query_of(values)
    try:
        output = rendered(query)
    except EngineError as error:
        assert error.code == "output_too_large"
        return
    assert effective.shape("transform", parsed(query).values, SIZE) == output.shape


@FEW
@given(values=st.lists(REQUESTS, min_size=12, max_size=12))
def test_requests_that_come_to_the_same_are_the_same_bytes(values):
    """H4: nobody is given another picture under the charge of the first."""
    outputs = {}
    for query in {query_of(one) for one in values}:
        try:
            output = rendered(query, output_format="jpeg")
        except EngineError:
            continue
        key = effective.identity(parsed(query), output.source_size, output.shape)
        assert outputs.setdefault(key, output.body) == output.body, query


@FEW
@given(
    w=st.sampled_from([None, 5, 40, 64, 700]),
    h=st.sampled_from([None, 30, 40]),
    dpr=st.sampled_from([1, 2, 0.5]),
    fit=st.sampled_from(["contain", "cover"]),
    kind=st.sampled_from(["color", "blurhash"]),
)
def test_a_placeholder_is_foretold_too(w, h, dpr, fit, kind):
    """H4"""
    query, endpoint = query_of({"w": w, "h": h, "dpr": dpr, "fit": fit}), f"placeholder/{kind}"
    output = rendered(query, endpoint, output_format="png")
    assert effective.shape(endpoint, parsed(query, endpoint).values, SIZE) == output.shape


def test_a_grid_says_which_sources_it_shows_and_keeps_its_identity_when_one_is_missing():
    """H3"""
    second = pictures.saved(Image.new("RGB", (30, 30), "red"), "PNG")
    whole, part = (rendered("w=80", "grid", sources, "png") for sources in ((JPEG, second), (JPEG, None)))
    assert (whole.used, part.used) == ((0, 1), (0,)) and whole.shape == part.shape
    assert rendered("w=80", "grid", (None, second), "png").used == (1,)


def test_layouts_that_come_to_the_same_are_one_grid():
    """H4"""
    sources = (JPEG,) * 4
    kinds = ("type=auto", "type=classic", "type=classic&cols=2", "cols=2")
    assert len({came_to(f"w=80&h=60&{kind}", "grid", sources) for kind in kinds}) == 1
    assert came_to("w=80&h=60&type=row", "grid", sources) != came_to("w=80&h=60", "grid", sources)
    for one, other in itertools.pairwise(kinds):
        assert (
            rendered(f"w=80&{one}", "grid", sources, "png").body
            == rendered(f"w=80&{other}", "grid", sources, "png").body
        )


@pytest.mark.parametrize(
    ("query", "warned"),
    [
        ("w=64", False),
        ("w=65", True),
        ("w=65&enlarge=1", False),
        ("w=8&h=400", False),
        ("w=8&h=400&fit=cover", True),
        ("w=8&h=400&fit=fill", True),
        ("w=100&h=400&fit=pad", True),
        ("dpr=2", True),
        ("", False),
    ],
)
def test_who_asks_for_more_pixels_than_there_are_is_told(query, warned):
    """H4"""
    assert any("64 x 40" in warning for warning in rendered(query).warnings) == warned


FADING = pictures.shaded(*SIZE)
FADING.putalpha(Image.linear_gradient("L").resize(SIZE))
RIGHTS, CAMERA = Image.Exif(), Image.Exif()
RIGHTS[0x8298], CAMERA[0x0110] = "Ada", "One"
LOGO = pictures.saved(pictures.cornered(12, 8), "PNG")
SOURCES = {
    "jpeg": JPEG,
    "large jpeg": pictures.saved(pictures.shaded(400, 250), "JPEG"),
    "png": pictures.saved(pictures.shaded(*SIZE), "PNG"),
    "opaque alpha": pictures.saved(pictures.shaded(*SIZE).convert("RGBA"), "PNG"),
    "alpha": pictures.saved(FADING, "PNG"),
    "border": pictures.saved(ImageOps.expand(pictures.shaded(*SIZE), 9, "white"), "PNG"),
    "profile": pictures.saved(pictures.shaded(*SIZE), "PNG", icc_profile=p3_profile()),
    "sRGB profile": pictures.saved(pictures.shaded(*SIZE), "JPEG", icc_profile=SRGB),
    "grey": pictures.saved(pictures.shaded(*SIZE).convert("L"), "JPEG"),
    "one colour": pictures.saved(Image.new("RGB", SIZE, (90, 90, 90)), "PNG"),
    "mirrored": pictures.saved(Image.radial_gradient("L").resize(SIZE).convert("RGB"), "PNG"),
    "animation": pictures.animated("PNG", [pictures.shaded(*SIZE), Image.new("RGB", SIZE, "red")]),
    "fading in": pictures.animated("PNG", [Image.new("RGB", SIZE), ImageOps.expand(pictures.shaded(44, 20), 10)]),
    "rights": pictures.saved(pictures.shaded(*SIZE), "JPEG", exif=RIGHTS),
    "camera": pictures.saved(pictures.shaded(*SIZE), "JPEG", exif=CAMERA),
}
IDLE = ["profile=keep", "background=f00", "trim=10", "truncated=allow", "animated=0", "grayscale=1", "saturation=0.5"]
IDLE += ["metadata=copyright", "metadata=keep", "flip=h", "rotate=180", "blur=1", "sharpen=2", "hue=90", "tint=808080"]
IDLE += ["brightness=2", "contrast=2", "gamma=2", "radius=1", "background=00000000"]


@pytest.mark.parametrize("width", [99, 100, 101, 133, 159, 160, 161, 200])
def test_a_trim_is_idle_only_where_the_jpeg_is_decoded_as_without_it(width):
    """H4: 400 pixels wide, it is decoded at a half where 160 or fewer are needed."""
    queries = [f"w={width}", f"w={width}&trim=10"]
    identities = {came_to(query, sources=(SOURCES["large jpeg"],)) for query in queries}
    assert len(identities) == len({rendered(query, sources=(SOURCES["large jpeg"],)).body for query in queries})


def test_a_trim_is_not_idle_where_a_background_is_removed_from_more_pixels_for_it():
    """H4"""
    picture = decode.open_picture(SOURCES["png"], Limits())
    assert trim.apply(picture, {"trim": 10}, Limits()).idle == ("trim",)
    assert trim.apply(picture, {"trim": 10, "background-remove": True}, Limits()).idle == ()


@pytest.mark.parametrize("output_format", FORMATS)
def test_a_background_that_some_frames_need_is_idle_in_no_format(output_format):
    """H4: a JPEG of the first frame is of the same picture as a WebP of all, and free beside it."""
    sources = (pictures.animated("PNG", [pictures.shaded(*SIZE).convert("RGBA"), FADING]),)
    output = rendered("background=f00", sources=sources, output_format=output_format)
    assert not output.idle
    assert "background" in rendered("background=f00&animated=0", sources=sources, output_format=output_format).idle


@pytest.mark.parametrize(
    ("first", "second", "are_same"),
    [
        ("trim=10", "trim=40", True),
        ("trim=10", "trim=100", False),
        ("trim=10&w=30", "trim=11&w=30", True),
    ],
)
def test_tolerances_that_cut_the_same_border_are_one_picture(first, second, are_same):
    """H4"""
    rings = ImageOps.expand(ImageOps.expand(pictures.shaded(*SIZE), 5, "silver"), 9, "white")
    sources = (pictures.saved(rings, "PNG"),)
    assert (came_to(first, sources=sources) == came_to(second, sources=sources)) == are_same
    assert (rendered(first, sources=sources).body == rendered(second, sources=sources).body) == are_same


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("mark=m", "mark=m&mark-position=1,1"),
        ("mark=m&mark-position=center", "mark=m&mark-position=center&mark-padding=5"),
        ("mark=m", "mark=m&mark-w=12"),
        ("mark=m&mark-w=1", "mark=m&mark-w=64"),
        ("mark=m&w=12&mark-w=1&mark-position=left", "mark=m&w=12&mark-position=top-left"),
    ],
)
def test_marks_that_lie_alike_are_one_picture(first, second):
    """H4"""
    sources = (JPEG, LOGO)
    assert rendered(first, sources=sources).body == rendered(second, sources=sources).body
    assert came_to(first, sources=sources) == came_to(second, sources=sources)


def test_a_subject_that_is_not_there_leaves_the_picture_as_it_is(monkeypatch):
    """H4"""
    monkeypatch.setattr(subject, "mask", lambda image: np.zeros(image.size[::-1], np.float32))
    assert came_to("background-remove=1") == came_to("")
    sources = (SOURCES["large jpeg"],)  # scaled down before the network sees it
    assert came_to("background-remove=1&w=10", sources=sources) != came_to("w=10", sources=sources)


def test_a_focal_point_is_not_the_centre():
    """H4: without a position it decides, so that the middle is another picture beside it."""
    values = {"w": 40, "h": 40, "fit": "cover", "focal": (0.0, 0.5)}
    idle = [
        pipeline.render(Job("transform", {**values, "position": place}, "jpeg", (JPEG,))).idle
        for place in ((0.5, 0.5), "top", "left")
    ]
    assert idle == [(), (), ("position",)]


@pytest.mark.parametrize(
    ("query", "is_same"), [("background=f00", True), ("background=f00&gap=5", False), ("background=f008", True)]
)
def test_a_background_of_a_grid_that_nothing_shows_is_idle(query, is_same):
    """H4"""
    sources = (JPEG, SOURCES["png"])
    queries = query, "gap=5" if "gap" in query else ""
    assert (len({came_to(one, "grid", sources) for one in queries}) == 1) == is_same
    assert (len({rendered(one, "grid", sources, "png").body for one in queries}) == 1) == is_same
    with_alpha = (JPEG, SOURCES["alpha"])
    assert came_to("background=f00", "grid", with_alpha) != came_to("", "grid", with_alpha)


def test_a_version_changes_no_byte():
    """H3: a picture that would grow is a copy, with a version too."""
    sources = (SOURCES["grey"],)
    assert rendered("v=2", sources=sources).body == rendered("", sources=sources).body


def test_a_drawing_has_no_profile_to_keep_and_no_end_to_miss():
    """H4"""
    sources = (svgs.svg(svgs.SQUARE),)
    more = "profile=keep&truncated=allow&animated=0&metadata=keep"
    assert came_to(f"w=30&{more}", sources=sources) == came_to("w=30", sources=sources)


@FEW
@given(
    st.sampled_from(sorted(SOURCES)),
    st.lists(st.sampled_from(IDLE), min_size=1, max_size=3, unique_by=lambda one: one.partition("=")[0]),
    st.sampled_from(["", "w=30", "w=20&h=20&fit=pad", "w=64&h=40&fit=cover", "crop=0,0,0.5,1", "padding=2", "mark=m"]),
)
def test_requests_that_give_the_same_bytes_are_one_picture_also_where_the_content_decides(name, parameters, others):
    """H4: and equal identities are equal bytes, in every format."""
    queries, sources = (others, "&".join([*parameters, others])), (SOURCES[name], LOGO)
    bodies = {tuple(rendered(query, sources=sources, output_format=form).body for form in FORMATS) for query in queries}
    counts = [len({came_to(query, sources=sources, output_format=form) for query in queries}) for form in FORMATS]
    assert min(counts) >= len(bodies) and counts[FORMATS.index("webp")] == len(bodies)
