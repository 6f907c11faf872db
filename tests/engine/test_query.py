"""A query is taken apart once: every operation on its parameters is what it is on the text."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import environment
from transforms.engine import errors
from transforms.engine.request import endpoints, params, query_text
from transforms.engine.request.query import SIGNATURE, Query

QUICK = settings(max_examples=environment.count(50, 200, 1_000), deadline=None, derandomize=True)
NAMES = st.sampled_from(
    ["src", "w", "width", "h", "size", "q", "quality", "bg", "preset", "%70reset", *SIGNATURE, "%73ig", "x", ""]
)
ODD = ["", "%", "%zz", "%ff", "%00", "a+b", "a%20b", "a=b", "é", "\xc3\xa9", "\ud800", "%E2%82%AC", "../;?"]
ITEMS = st.one_of(
    st.tuples(NAMES, st.sampled_from(ODD) | st.text(max_size=8)).map("=".join),
    st.sampled_from(ODD),
    st.text(max_size=12),
)
TEXTS = st.lists(ITEMS, max_size=8).map("&".join)
CLEAN = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12)
LONG_NAMES = st.sampled_from([row.name for row in params.rows("transform") if row.name != "preset"])


def outcome(query: Query, endpoint: str):
    """The Spec of a query, or what is refused of it."""
    try:
        return query.spec(endpoint)
    except errors.EngineError as error:
        return (error.code, error.message, error.param)


@QUICK
@given(TEXTS)
def test_a_query_holds_every_item_as_it_was_sent(text):
    query = Query.parse(text)
    assert query.raw == "&".join(item for item in text.split("&") if item)
    assert Query.parse(query.raw) == query


@QUICK
@given(TEXTS, st.sampled_from(endpoints.ENDPOINTS))
def test_a_query_that_was_changed_is_the_query_of_its_text(text, endpoint):
    query = Query.parse(text)
    changed = [
        query.without("src", "w"),
        query.without_signature(),
        query.only(endpoint, ("w", "quality")),
        query.excluding(endpoint, ("w", "quality")),
        query.with_preset({"w": "5", "quality": "auto", "background": "#ff0000", "download": "a&b=c d+é.png"}),
    ]
    for each in changed:
        assert Query.parse(each.raw) == each
        assert outcome(Query.parse(each.raw), endpoint) == outcome(each, endpoint)


@QUICK
@given(TEXTS, st.lists(st.tuples(st.sampled_from(SIGNATURE), st.sampled_from(["1", "a.b"])), unique=True), st.data())
def test_a_signed_query_without_its_signature_is_the_unsigned_one(text, signature, data):
    unsigned = Query.parse(text).without_signature()
    items = [parameter.raw for parameter in unsigned.parameters]
    for name, value in signature:
        items.insert(data.draw(st.integers(0, len(items))), f"{name}={value}")
    signed = Query.parse("&".join(items))
    assert signed.without_signature() == unsigned
    assert signed.without("sig").signed_text() == signed.signed_text()


@QUICK
@given(st.lists(st.sampled_from(["w=1", "src=a", "src=b", "h=2", "s%72c=c", "exp=9"]), unique=True), st.data())
def test_the_signed_text_is_of_no_order_but_that_of_repeated_names(items, data):
    others = data.draw(st.permutations([item for item in items if not item.startswith("src")]))
    shuffled = Query.parse("&".join([*others, *(item for item in items if item.startswith("src"))]))
    assert shuffled.signed_text() == Query.parse("&".join(["sig=x", *items])).signed_text()


@QUICK
@given(st.dictionaries(LONG_NAMES, CLEAN), st.dictionaries(LONG_NAMES, CLEAN))
def test_the_values_of_a_preset_stand_where_the_query_has_none(preset, own):
    query = Query.of_values(own)
    merged = (Query.parse("preset=any") + query).with_preset(preset)
    overridden = set(own) | ({"w", "h"} if "size" in own else set())
    expected = {name: value for name, value in preset.items() if name not in overridden}
    assert merged == query + Query.of_values(expected)
    assert [merged.value(name) for name in expected] == list(expected.values())


@QUICK
@given(CLEAN)
def test_a_value_that_is_written_is_read_back(value):
    assert query_text.decoded(query_text.encoded("x", value)) == ("x", value)
    (parameter,) = Query.of_values({"x": value}).parameters
    assert parameter == Query.parse(parameter.raw).parameters[0]


@pytest.mark.parametrize(("first", "second"), [("preset", "preset"), ("preset", "%70reset")])
def test_a_parameter_that_may_be_given_once_is_refused_twice(first, second):
    query = Query.parse(f"{first}=a&{second}=b")
    with pytest.raises(errors.EngineError) as excinfo:
        query.value("preset")
    assert excinfo.value.args == ("duplicate_parameter", "preset is given twice; it may be given once.", "preset")


def test_the_first_item_that_cannot_be_decoded_is_refused_before_all_else():
    query = Query.parse("wdith=1&w=%zz&h=%ff&src=a&src=b")
    assert outcome(query, "transform") == (
        "invalid_parameter",
        'The value of "w" has a % that starts no escape; write it as %25.',
        "w",
    )
    assert outcome(query.without_signature(), "transform") == outcome(query, "transform")


def test_a_query_never_changes():
    query = Query.parse("w=5")
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.parameters = ()
    with pytest.raises(dataclasses.FrozenInstanceError):
        query.parameters[0].value = "6"
