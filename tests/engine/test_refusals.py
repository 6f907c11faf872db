"""What the parser refuses: each by its name, with its range and the nearest valid name."""

import pickle

import pytest

from transforms.engine import errors
from transforms.engine.request import endpoints, params
from transforms.engine.request.query import Query

HASH = "LEHV6nWB2yk8pyo0adR*.7kCMdnj"


def refusal(endpoint, query, path_source=None):
    with pytest.raises(errors.EngineError) as excinfo:
        Query.parse(query).spec(endpoint, path_source)
    return excinfo.value


WRONG_WHOLE = [
    "",
    "0",
    "-1",
    "+5",
    "5.0",
    "0640",
    "1_000",
    "1e3",
    "٣",
    "５",
    " 5",
    "5 ",
    "0x10",
    "8193",
    "9" * 5000,
    "NaN",
]


@pytest.mark.parametrize("text", WRONG_WHOLE)
def test_a_malformed_or_out_of_range_integer_is_refused_with_its_range(text):
    """I16"""
    error = refusal("transform", f"src=a&w={text.replace('+', '%2B')}".encode().decode("latin-1"))
    assert (error.code, error.param) == ("invalid_parameter", "w")
    assert "from 1 to 8192" in error.message


@pytest.mark.parametrize(
    "text", ["", ".5", "5.", "1e1", "-0.5", "0.2", "251", "inf", "nan", "1,5", "00.5", "0.50000000000000000001"]
)
def test_a_malformed_or_out_of_range_number_is_refused_with_its_range(text):
    """I16"""
    error = refusal("transform", f"src=a&blur={text}")
    assert (error.code, error.param) == ("invalid_parameter", "blur")
    assert "from 0.3 to 250" in error.message


@pytest.mark.parametrize("text", ["", "#", "ff", "fffff", "fffffff", "ggg", "red", "#ffg", "##fff", "ｆｆｆ", "0xfff"])
def test_a_malformed_colour_is_refused(text):
    error = refusal("transform", f"src=a&bg={text.replace('#', '%23')}".encode().decode("latin-1"))
    assert (error.code, error.param) == ("invalid_parameter", "bg")
    assert "hex colour" in error.message


OTHER_VALUES = [
    ("transform", "enlarge=true", "enlarge"),
    ("transform", "enlarge=", "enlarge"),
    ("transform", "rotate=45", "rotate"),
    ("transform", "rotate=360", "rotate"),
    ("transform", "flip=vh", "flip"),
    ("transform", "fit=Cover", "fit"),
    ("transform", "format=auto", "format"),
    ("transform", "format=heic", "format"),
    ("transform", "position=0.5", "position"),
    ("transform", "position=0.5,1.1", "position"),
    ("transform", "position=middle", "position"),
    ("transform", "crop=1,2,3", "crop"),
    ("transform", "crop=0,0,0,5", "crop"),
    ("transform", "crop=0,0,70000,5", "crop"),
    ("transform", "crop=0.5,0,20,5", "crop"),
    ("transform", "crop=1.0,0,1,1", "crop"),
    ("transform", "crop=-5,0,20,20", "crop"),
    ("transform", "radius=maximum", "radius"),
    ("transform", "hue=3601", "hue"),
    ("transform", "download=", "download"),
    ("transform", "download=a/b", "download"),
    ("transform", "download=..", "download"),
    ("transform", "download=" + "a" * 256, "download"),
    ("transform", "max-bytes=999", "max-bytes"),
    ("transform", "quality=best", "quality"),
    ("placeholder/blurhash", "quality=auto", "quality"),
    ("info", "select=", "select"),
    ("info", "select=colors,iptc", "select"),
    ("grid", "src=b&cols=6", "cols"),
    ("grid", "src=b&gap=1025", "gap"),
    ("grid", "src=b&format=nocompress", "format"),
    ("placeholder/color", "w=2049", "w"),
    ("placeholder/color", "dpr=2.1", "dpr"),
    ("placeholder/color", "fit=fill", "fit"),
    ("transform", "w=8192&dpr=1.1", "w"),
    ("transform", "width=5000&dpr=2", "width"),
    ("transform", "size=5000&dpr=2", "size"),
]


@pytest.mark.parametrize(("endpoint", "query", "name"), OTHER_VALUES)
def test_a_value_out_of_its_set_is_refused_by_name(endpoint, query, name):
    error = refusal(endpoint, f"src=a&{query}")
    assert (error.code, error.param) == ("invalid_parameter", name)
    assert error.message.endswith((".", "?"))


def test_a_misspelled_word_is_answered_with_the_nearest():
    assert "Did you mean cover?" in refusal("transform", "src=a&fit=covr").message
    assert "Did you mean webp?" in refusal("transform", "src=a&format=WEBP").message


UNKNOWN = [
    ("transform", "widht=5", "widht", "width"),
    ("transform", "W=5", "W", "w"),
    ("transform", "qualty=5", "qualty", "quality"),
    ("transform", "backgroud=fff", "backgroud", "background"),
    ("grid", "col=2", "col", "cols"),
    ("placeholder/blurhash", "blurhsh=2", "blurhsh", "blurhash"),
]


@pytest.mark.parametrize(("endpoint", "query", "name", "near"), UNKNOWN)
def test_an_unknown_parameter_is_refused_with_the_nearest_name(endpoint, query, name, near):
    error = refusal(endpoint, f"src=a&{query}")
    assert (error.code, error.param) == ("unknown_parameter", name)
    assert error.message.endswith(f"Did you mean {near}?")


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [
        ("info", "w"),
        ("info/colors", "select"),
        ("info", "format"),
        ("grid", "blur"),
        ("placeholder/color", "punch"),
        ("placeholder/color", "quality"),
        ("transform", "cols"),
        ("transform", "=5"),
        ("transform", "zzzzzz"),
    ],
)
def test_a_parameter_of_another_endpoint_is_unknown(endpoint, name):
    assert refusal(endpoint, f"src=a&{name}=1").code == "unknown_parameter"


def test_the_nearest_name_is_never_one_of_another_endpoint():
    assert "Did you mean" not in refusal("info", "src=a&widht=5").message


def test_the_nearest_name_may_be_one_that_is_read_outside_the_engine():
    assert "Did you mean preset?" in refusal("transform", "src=a&presett=5").message


def test_a_long_unknown_name_is_repeated_in_part_only():
    error = refusal("transform", "src=a&" + "x" * 5000 + "=1")
    assert len(error.message) < 200
    assert len(error.param) <= 64


@pytest.mark.parametrize(
    ("query", "second"),
    [
        ("w=5&w=5", "w"),
        ("w=5&width=6", "width"),
        ("q=5&quality=5", "quality"),
        ("src=b", "src"),
        ("fm=png&format=png", "format"),
        ("bg=fff&bg=000", "bg"),
        ("w=1&w=zzz", "w"),
    ],
)
def test_a_parameter_given_twice_is_refused_by_name(query, second):
    error = refusal("transform", f"src=a&{query}")
    assert (error.code, error.param) == ("duplicate_parameter", second)


OUTSIDE = [(endpoint, row.name) for endpoint in endpoints.ENDPOINTS for row in params.rows(endpoint) if row.outside]


@pytest.mark.parametrize(("endpoint", "name"), OUTSIDE)
def test_what_is_read_outside_the_engine_is_refused_within_it(endpoint, name):
    error = refusal(endpoint, f"src=a&{name}=0")
    assert (error.code, error.param) == ("unavailable_parameter", name)


def test_nothing_else_is_unavailable():
    unavailable = {row.name for endpoint in endpoints.ENDPOINTS for row in params.rows(endpoint) if not row.available}
    assert unavailable == {name for _, name in OUTSIDE} == {"preset", "fallback", "sig", "exp", "policy"}


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("w=%zz", "w"),
        ("w=%", "w"),
        ("src=100%.jpg", "src"),
        ("src=%ff", "src"),
        ("src=a%00b", "src"),
        ("src=a%0Ab", "src"),
        ("src=a%7F", "src"),
        ("src=%C2%85", "src"),
        ("src=%ED%A0%80", "src"),
        ("src=\xff", "src"),
        ("%zz=1", None),
        ("%ff=1", None),
        ("a%00=1", None),
    ],
)
def test_text_that_cannot_be_decoded_is_refused(query, param):
    error = refusal("transform", query)
    assert (error.code, error.param) == ("invalid_parameter", param)


def test_a_value_is_decoded_once():
    assert Query.parse("src=a%252Fb").spec("transform").sources == ("a%2Fb",)
    assert Query.parse("src=a=b").spec("transform").sources == ("a=b",)
    assert Query.parse("s%72c=caf%C3%A9").spec("transform").sources == ("café",)
    assert Query.parse("src=café".encode().decode("latin-1")).spec("transform").sources == ("café",)


@pytest.mark.parametrize(
    ("endpoint", "query"), [("transform", "src="), ("transform", "src=" + "a" * 2049), ("grid", "src=a&src=&src=b")]
)
def test_a_source_is_neither_empty_nor_longer_than_2048_characters(endpoint, query):
    error = refusal(endpoint, query)
    assert (error.code, error.param) == ("invalid_parameter", "src")


def test_a_source_of_2048_characters_is_accepted():
    assert Query.parse("src=" + "%C3%A9" * 2048).spec("transform").sources == ("é" * 2048,)


@pytest.mark.parametrize(
    ("endpoint", "query", "path_source", "code", "param"),
    [
        ("transform", "", None, "missing_parameter", "src"),
        ("info/blurhash", "", None, "missing_parameter", "src"),
        ("grid", "", None, "missing_parameter", "src"),
        ("grid", "src=a", None, "invalid_parameter", "src"),
        ("grid", "src=a&src=b&src=c&src=d&src=e&src=f", None, "invalid_parameter", "src"),
        ("grid", "src=a&src=b&type=row&cols=2", None, "conflicting_parameters", "cols"),
        ("transform", "src=a", "a", "conflicting_parameters", "src"),
        ("transform", "", "a\0b", "invalid_parameter", "src"),
        ("transform", "", "", "invalid_parameter", "src"),
        ("transform", "", "a" * 2049, "invalid_parameter", "src"),
        ("placeholder/color", "w=5&h=5", None, "missing_parameter", "src"),
        ("placeholder/color", "color=fff&src=a", None, "conflicting_parameters", "color"),
        ("placeholder/color", "color=fff", "a", "conflicting_parameters", "color"),
        ("placeholder/color", "color=fff&h=5", None, "missing_parameter", "w"),
        ("placeholder/blurhash", f"blurhash={HASH}&w=5", None, "missing_parameter", "h"),
        ("placeholder/blurhash", f"blurhash={HASH}&src=a&w=5&h=5", None, "conflicting_parameters", "blurhash"),
    ],
)
def test_missing_and_conflicting_parameters_are_refused_by_name(endpoint, query, path_source, code, param):
    error = refusal(endpoint, query, path_source)
    assert (error.code, error.param) == (code, param)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "has 0 characters"),
        ("LEHV6", "has 5 characters"),
        (HASH[:-1], "promises 28 characters and it has 27"),
        (HASH.replace("W", "é"), "is not one of its 83"),
        (HASH.replace("W", " "), "%2B"),
        ("~" + HASH[1:], "cannot start"),
        ("00~~~~", "average colour"),
    ],
)
def test_an_invalid_blurhash_is_refused_with_the_reason(text, reason):
    encoded_text = "".join(f"%{byte:02X}" for byte in text.encode())
    error = refusal("placeholder/blurhash", f"blurhash={encoded_text}&w=5&h=5")
    assert (error.code, error.param) == ("invalid_parameter", "blurhash")
    assert reason in error.message


def test_a_refusal_crosses_a_process_border_unchanged():
    error = pickle.loads(pickle.dumps(refusal("transform", "src=a&w=0")))
    assert (error.code, error.param) == ("invalid_parameter", "w")
    assert error.message.startswith("w must be a whole number from 1 to 8192")


def test_an_error_has_one_of_the_listed_codes():
    with pytest.raises(ValueError, match="nonsense"):
        errors.EngineError("nonsense", "…")
