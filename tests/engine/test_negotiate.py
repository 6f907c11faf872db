"""The output format follows the explicit format first, then the Accept header."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import environment
from transforms.engine.request import endpoints, negotiate

CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
ACCEPTS = [
    (CHROME, "avif"),
    ("image/webp,*/*", "webp"),
    ("IMAGE/WEBP", "webp"),
    ("image/webp;q=1,image/avif;q=0.1", "avif"),
    ("image/avif;q=0,image/webp", "webp"),
    ("image/avif;q=0.000,image/webp;q=0", "auto"),
    ("image/avif ; q=0.001", "avif"),
    ("image/avif;charset=x;q=0", "auto"),
    ("image/avif;q=junk", "auto"),
    ("image/avif;q=1.5", "auto"),
    ("image/avif-sequence,image/avifx", "auto"),
    ("*/*", "auto"),
    ("image/*", "auto"),
    ("", "auto"),
    (None, "auto"),
    (",;,;;q=,\x00é", "auto"),
    ("image/avif," + "a" * 4096, "auto"),
]


@pytest.mark.parametrize(("accept", "expected"), ACCEPTS)
def test_only_a_type_named_in_full_is_negotiated(accept, expected):
    assert negotiate.output_format("transform", None, accept) == expected


def test_an_explicit_format_wins():
    assert negotiate.output_format("transform", "gif", CHROME) == "gif"
    assert negotiate.output_format("placeholder/color", "jpeg", CHROME) == "jpeg"


def test_the_fallback_of_a_placeholder_is_png():
    assert negotiate.output_format("placeholder/blurhash", None, "*/*") == "png"
    assert negotiate.output_format("grid", None, "*/*") == "auto"


def test_info_is_json_whatever_is_accepted():
    assert negotiate.output_format("info/colors", None, CHROME) == "json"


@pytest.mark.parametrize(
    ("endpoint", "explicit", "varies"),
    [("transform", None, True), ("transform", "png", False), ("grid", None, True), ("info", None, False)],
)
def test_an_answer_varies_by_accept_only_where_it_was_negotiated(endpoint, explicit, varies):
    assert negotiate.negotiated(endpoint, explicit) is varies


@settings(max_examples=environment.count(50, 200, 1_000), deadline=None, derandomize=True)
@given(
    st.text(max_size=200) | st.lists(st.sampled_from([*CHROME.split(","), ";", "q=", "image/avif;q=0"])).map(",".join)
)
def test_one_url_has_at_most_three_variants_whatever_the_header(accept):
    """K1"""
    for endpoint in endpoints.ENDPOINTS:
        assert negotiate.output_format(endpoint, None, accept) in ("avif", "webp", "auto", "png", "json")
