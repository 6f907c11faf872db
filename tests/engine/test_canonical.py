"""One picture has one canonical form, whatever the order, the aliases and the spelling of its parameters."""

import pickle
import urllib.parse

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests import environment
from tests.engine import requests
from transforms.engine import errors
from transforms.engine.request import cost, endpoints, params, spec
from transforms.engine.request.query import Query

QUICK = settings(max_examples=environment.count(20, 60, 300), deadline=None, derandomize=True)


def encode(items):
    return "&".join(f"{urllib.parse.quote(name)}={urllib.parse.quote(text)}" for name, text in items)


def parse_items(endpoint, items):
    """The request's Spec; a draw that only the folding rules refuse is drawn again."""
    try:
        return Query.parse(encode(items)).spec(endpoint)
    except errors.EngineError as error:
        assume(error.code != "conflicting_parameters" and error.param not in ("w", "h", "size"))
        raise


@pytest.mark.parametrize("endpoint", endpoints.ENDPOINTS)
@QUICK
@given(data=st.data())
def test_order_and_aliases_share_one_canonical_form(endpoint, data):
    """B1"""
    items = data.draw(requests.written(endpoint))
    first = parse_items(endpoint, items)
    sources = [item for item in items if item[0] == "src"]
    others = data.draw(st.permutations([item for item in items if item[0] != "src"]))
    renamed = [(data.draw(st.sampled_from(params.find(endpoint, name).names)), text) for name, text in others]
    second = Query.parse(encode(renamed + sources)).spec(endpoint)
    assert second == first
    assert spec.canonical(second) == spec.canonical(first)
    assert spec.canonical_query(second) == spec.canonical_query(first)


@pytest.mark.parametrize("endpoint", endpoints.ENDPOINTS)
@QUICK
@given(data=st.data())
def test_the_canonical_query_parses_to_the_same_request(endpoint, data):
    request = parse_items(endpoint, data.draw(requests.written(endpoint)))
    reparsed = Query.parse(spec.canonical_query(request)).spec(endpoint)
    assert reparsed == request
    assert spec.canonical_query(reparsed) == spec.canonical_query(request)
    assert cost.quote(reparsed) == cost.quote(request)


@pytest.mark.parametrize("endpoint", endpoints.ENDPOINTS)
@QUICK
@given(data=st.data())
def test_a_spelled_out_default_changes_nothing(endpoint, data):
    items = data.draw(requests.written(endpoint))
    request = parse_items(endpoint, items)
    given_names = {name for name, _ in items}
    optional_rows = [
        row for row in params.rows(endpoint) if row.default is not None and row.available and row.name != "cols"
    ]
    defaults = [
        (row.name, str(int(row.default)) if isinstance(row.default, bool) else str(row.default))
        for row in optional_rows
        if row.name not in given_names
    ]
    assert Query.parse(encode(items + defaults)).spec(endpoint) == request


@QUICK
@given(st.from_regex(r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,15})?", fullmatch=True))
@example("-0.0000000000000001")
@example("359.99999999999999")
@example("-3600")
def test_a_hue_read_back_from_its_canonical_form_is_the_same(text):
    assume(-3600 <= float(text) <= 3600 and len(text) <= 20)
    request = Query.parse(f"src=a&hue={text}").spec("transform")
    assert 0 <= request.get("hue") < 360
    assert Query.parse(spec.canonical_query(request)).spec("transform") == request


@QUICK
@given(st.lists(st.from_regex(r"0\.[0-9]{1,18}|0|1", fullmatch=True), min_size=4, max_size=4))
@example(["0.999999999999999999", "0", "1", "1"])
@example(["0.999999", "0", "1", "0.5"])
@example(["0.000000000000000001", "0.7", "1", "1"])
def test_a_fractional_crop_is_refused_or_read_back_the_same(parts):
    try:
        request = Query.parse(f"src=a&crop={','.join(parts)}").spec("transform")
    except errors.EngineError as error:
        assert (error.code, error.param) == ("invalid_parameter", "crop")
        return
    assert Query.parse(spec.canonical_query(request)).spec("transform") == request


@QUICK
@given(st.integers(1, 2048), st.integers(1, 2048), st.decimals("0", "2", places=3))
def test_a_placeholder_scaled_past_its_range_keeps_a_url_that_asks_for_it(w, h, dpr):
    request = Query.parse(f"color=123&w={w}&h={h}&dpr={dpr:f}").spec("placeholder/color")
    reparsed = Query.parse(spec.canonical_query(request)).spec("placeholder/color")
    assert (reparsed.get("w"), reparsed.get("h")) == (request.get("w"), request.get("h"))


@QUICK
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_any_bytes_are_parsed_or_refused_with_a_request_code(raw):
    for endpoint in endpoints.ENDPOINTS:
        for query in (raw.decode("latin-1"), "src=a&" + raw.decode("latin-1")):
            try:
                Query.parse(query).spec(endpoint)
            except errors.EngineError as error:
                assert error.code in errors.REQUEST_CODES


SAME = [
    ("transform", "src=a&size=400", "src=a&w=400&h=400"),
    ("transform", "src=a&size=400&w=200", "src=a&w=200&h=400"),
    ("transform", "src=a&w=100&dpr=2", "src=a&w=200"),
    ("transform", "src=a&w=15&padding=3&radius=5&dpr=1.5", "src=a&w=23&padding=5&radius=8"),
    ("transform", "src=a&w=1&dpr=0.1", "src=a&w=1"),
    ("transform", "src=a&w=10&radius=max&dpr=2", "src=a&w=20&radius=max"),
    ("transform", "src=a&fit=cover", "src=a"),
    ("transform", "src=a&w=9&fit=cover&position=top", "src=a&w=9"),
    ("transform", "src=a&w=9&h=9&position=top", "src=a&w=9&h=9"),
    ("transform", "src=a&w=9&h=9&fit=cover&position=center", "src=a&w=9&h=9&fit=cover"),
    ("transform", "src=a&w=9&h=9&fit=cover&position=0.50,0.5", "src=a&w=9&h=9&fit=cover&position=0.5,0.50"),
    ("transform", "src=a&w=9&h=9&fit=pad&position=0.5,0.5", "src=a&w=9&h=9&fit=pad"),
    ("transform", "src=a&w=9&h=9&fit=pad&position=smart", "src=a&w=9&h=9&fit=pad"),
    ("transform", "src=a&w=9&h=9&fit=pad&position=face", "src=a&w=9&h=9&fit=pad"),
    ("transform", "src=a&mark-w=9&mark-position=top", "src=a"),
    ("transform", "src=a&mark=b&mark-position=1,1.0&mark-w=1.0", "src=a&mark=b&mark-w=1"),
    ("transform", "src=a&mark=b&w=10&mark-w=9&mark-padding=3&dpr=2", "src=a&mark=b&w=20&mark-w=18&mark-padding=6"),
    ("transform", "src=a&mark=b&w=10&mark-w=0.5&dpr=2", "src=a&mark=b&w=20&mark-w=0.5"),
    ("transform", "src=a&w=9&h=9&fit=pad&position=1.0,0", "src=a&w=9&h=9&fit=pad&position=top-right"),
    ("transform", "src=a&crop=0,0,1.0,1", "src=a"),
    ("transform", "src=a&crop=0.25,0,1,1", "src=a&crop=0.25,0.0,0.75,1"),
    ("transform", "src=a&hue=-30", "src=a&hue=330"),
    ("transform", "src=a&hue=720", "src=a"),
    ("transform", "src=a&blur=2.0", "src=a&blur=2"),
    ("transform", "src=a&sharpen=-0", "src=a"),
    ("transform", "src=a&bg=%23FFF", "src=a&background=ffffffff"),
    ("transform", "src=a&bg=f00f", "src=a&background=%23FF0000"),
    ("transform", "src=a&fm=jpg", "src=a&format=jpeg"),
    ("transform", "src=a+b", "src=a%20b"),
    ("transform", "&src=a&&w=5&", "src=a&w=5"),
    ("grid", "src=a&src=b&cols=2", "src=a&src=b&type=classic"),
    ("grid", "src=a&src=b&type=auto&cols=3", "src=a&src=b&type=classic&cols=3"),
    ("grid", "src=a&src=b&type=column&cols=1", "src=a&src=b&type=column"),
    ("grid", "src=a&src=b&w=10&gap=3&dpr=2", "src=a&src=b&w=20&gap=6"),
    ("placeholder/color", "color=F00&w=9&h=9&dpr=0", "color=%23ff0000ff&w=9&h=9"),
    ("placeholder/color", "color=F00&w=9&h=9&fit=cover", "color=f00&w=9&h=9"),
    ("info", "src=a&select=palette,metadata", "src=a&select=metadata,palette"),
    ("info", "src=a&select=palette,metadata,colors,blurhash", "src=a"),
]


@pytest.mark.parametrize(("endpoint", "one", "other"), SAME)
def test_two_ways_to_ask_for_one_picture_are_equal(endpoint, one, other):
    assert Query.parse(one).spec(endpoint) == Query.parse(other).spec(endpoint)
    assert spec.canonical(Query.parse(one).spec(endpoint)) == spec.canonical(Query.parse(other).spec(endpoint))


DIFFERENT = [
    ("transform", "src=a&w=100", "src=a&w=101"),
    ("transform", "src=a&w=100", "src=a&h=100"),
    ("transform", "src=a&dpr=2", "src=a"),
    ("transform", "src=a&w=9&h=9&fit=cover&position=0.5,0.5", "src=a&w=9&h=9&fit=cover"),
    ("transform", "src=a&w=9&h=9&fit=cover&position=smart", "src=a&w=9&h=9&fit=cover&position=entropy"),
    ("transform", "src=a&w=9&h=9&fit=cover&position=smart", "src=a&w=9&h=9&fit=cover&position=face"),
    ("transform", "src=a&mark=b", "src=a"),
    ("transform", "src=a&debug=crop", "src=a"),
    ("transform", "src=a&animated=0", "src=a"),
    ("transform", "src=a&quality=79", "src=a"),
    ("transform", "src=a&background=ffffff80", "src=a&background=ffffff"),
    ("transform", "src=a&crop=0,0,2,2", "src=a&crop=0,0,0.2,0.2"),
    ("grid", "src=a&src=b&type=column&cols=2", "src=a&src=b&type=column"),
    ("grid", "src=a&src=b&type=classic", "src=a&src=b"),
]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("dpr=2&padding=10&radius=3", {"dpr": 2, "padding": 20, "radius": 6}),
        ("dpr=0.1&padding=4", {"dpr": 0.1}),
        ("dpr=4&padding=2000", {"dpr": 4, "padding": 8000}),
        ("w=5&dpr=4&padding=2000", {"w": 20, "padding": 8000}),
    ],
)
def test_lengths_are_scaled_by_dpr_with_and_without_a_box(query, values):
    request = Query.parse(f"src=a&{query}").spec("transform")
    assert request.values == values
    assert Query.parse(spec.canonical_query(request)).spec("transform") == request


@pytest.mark.parametrize(
    ("query", "canonical"),
    [
        ("dpr=0.1&padding=4", "src=a&dpr=0.1"),
        ("dpr=0.1&padding=0", "src=a&dpr=0.1"),
        ("dpr=0.1&padding=14", "src=a&dpr=0.1&padding=5"),
        ("dpr=1.5&padding=3", "src=a&dpr=1.5&padding=3"),
        ("w=5&dpr=1.5&padding=3", "src=a&w=8&padding=5"),
    ],
)
def test_a_length_that_dpr_scales_has_one_canonical_spelling(query, canonical):
    assert spec.canonical_query(Query.parse(f"src=a&{query}").spec("transform")) == canonical


@pytest.mark.parametrize(("endpoint", "one", "other"), DIFFERENT)
def test_different_pictures_have_different_canonical_forms(endpoint, one, other):
    assert spec.canonical(Query.parse(one).spec(endpoint)) != spec.canonical(Query.parse(other).spec(endpoint))


def test_the_order_of_a_grid_is_part_of_the_request():
    assert Query.parse("src=a&src=b").spec("grid") != Query.parse("src=b&src=a").spec("grid")


def test_format_and_download_are_no_part_of_the_canonical_form():
    plain = Query.parse("src=a&w=5").spec("transform")
    assert spec.canonical(plain) == ("transform", "w=5")
    assert spec.canonical(Query.parse("src=b&w=5&format=png&download=x.png").spec("transform")) == ("transform", "w=5")


def test_all_info_endpoints_share_one_canonical_form():
    forms = {spec.canonical(Query.parse("src=a").spec(endpoint)) for endpoint in endpoints.INFO}
    assert forms == {("info",)}
    assert spec.canonical(Query.parse("src=a&select=colors").spec("info")) == ("info",)


def test_the_canonical_query_is_in_table_order_and_encoded():
    request = Query.parse("q=50&format=jpg&src=https://x.example/a%20b.jpg?c%3Dd%26e&crop=0.5,0,0.5,1").spec(
        "transform"
    )
    assert spec.canonical_query(request) == (
        "src=https://x.example/a%20b.jpg%3Fc%3Dd%26e&crop=0.5,0,0.5,1&format=jpeg&quality=50"
    )


def test_a_source_in_the_path_is_the_source_of_the_query():
    assert Query.parse("w=5").spec("transform", path_source="shop/a%20b.jpg").sources == ("shop/a%20b.jpg",)
    assert Query.parse("").spec("info", path_source="shop/a") == Query.parse("src=shop/a").spec("info")


def test_a_request_crosses_a_process_border_unchanged():
    request = Query.parse("src=a&src=b&w=50&gap=3").spec("grid")
    assert pickle.loads(pickle.dumps(request)) == request


def test_values_are_typed_and_defaults_come_from_the_table():
    request = Query.parse(
        "src=a&w=5&h=6&fit=pad&position=0.25,1&blur=1.5&gamma=2.0&enlarge=1&animated=0&radius=max&crop=1,2,3,4&tint=abc"
    ).spec("transform")
    assert request.values == {
        "w": 5,
        "h": 6,
        "fit": "pad",
        "position": (0.25, 1.0),
        "blur": 1.5,
        "gamma": 2,
        "enlarge": True,
        "animated": False,
        "radius": "max",
        "crop": ("px", 1, 2, 3, 4),
        "tint": "aabbcc",
    }
    assert (request.get("quality"), request.get("metadata"), request.get("trim")) == (80, "none", None)
    with pytest.raises(KeyError):
        request.get("cols")
