"""How long an original may be reused, by its own headers (RFC 9111)."""

from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from urllib3 import HTTPHeaderDict

from imgapis.base.outbound import freshness

NOW = 1_800_000_000
YEAR = 365 * 86_400


def http_date(moment: int) -> str:
    """An HTTP date."""
    return format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)


def fresh(*lines: tuple[str, str]) -> int | None:
    """What the headers come to."""
    return freshness.fresh_seconds(HTTPHeaderDict(lines), NOW)


def of_cache_control(*values: str) -> int | None:
    """What these lines of Cache-Control come to."""
    return fresh(*(("Cache-Control", value) for value in values))


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=600", 600),
        ("MAX-AGE=600", 600),
        ("public, max-age=600, immutable", 600),
        ("max-age = 600", 600),
        ('max-age="600"', 600),
        ("max-age=0", 0),
        ("max-age=00600", 600),
        ("max-age=99999999999999999999", 2**31),
        ("s-maxage=60, max-age=600", 60),
        ("max-age=0, s-maxage=600", 600),
        ("max-age=600, max-age=60", 60),
        ("no-store", 0),
        ("No-Store, max-age=600", 0),
        ("no-cache, max-age=600", 0),
        ("private, max-age=600", 0),
        ('private="Set-Cookie, X-User", max-age=600', 600),
        ('no-cache="Set-Cookie", max-age=600', 600),
        ('private="", max-age=600', 0),
        ("no-store=1, max-age=600", 0),
        ("max-age=1h", 0),
        ("max-age=-1", 0),
        ("max-age=1.5", 0),
        ("max-age=", 0),
        ("max-age=٦٠", 0),
        ("max-age", 0),
        ("x-no-store, max-age=600", 600),
        ('ext="no-store, max-age=1", max-age=600', 600),
        ("public", None),
        ("must-revalidate, no-transform", None),
        ("stale-while-revalidate=60", None),
        ("", None),
        (",,", None),
        ('"', None),
    ],
)
def test_cache_control_says_how_long(value, seconds):
    assert of_cache_control(value) == seconds


def test_several_lines_are_one():
    assert of_cache_control("public", "max-age=600") == 600
    assert of_cache_control("max-age=600", "no-store") == 0


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([("Expires", http_date(NOW + 600))], 600),
        ([("Expires", http_date(NOW + 600)), ("Date", http_date(NOW + 100))], 500),
        ([("Expires", http_date(NOW - 600))], 0),
        ([("Expires", "0")], 0),
        ([("Expires", "-1")], 0),
        ([("Expires", "tomorrow")], 0),
        ([("Expires", http_date(NOW + 600)), ("Expires", http_date(NOW + 60))], 60),
        ([("Expires", http_date(NOW + 600)), ("Date", "now")], 600),
        ([("Expires", http_date(NOW + 60)), ("Cache-Control", "max-age=600")], 600),
        ([("Expires", http_date(NOW + 60)), ("Cache-Control", "public")], 60),
        ([("Cache-Control", "max-age=600"), ("Age", "100")], 500),
        ([("Cache-Control", "max-age=600"), ("Age", "601")], 0),
        ([("Cache-Control", "max-age=600"), ("Age", "100, 200")], 500),
        ([("Cache-Control", "max-age=600"), ("Age", "old")], 600),
        ([("Age", "100")], None),
        ([("Date", http_date(NOW))], None),
        ([], None),
    ],
)
def test_expires_and_age_count_where_cache_control_does_not_say(lines, seconds):
    assert fresh(*lines) == seconds


NAMES = st.sampled_from(("public", "immutable", "must-revalidate", "no-transform", "x-more=1", 'y="a, b"'))
LIMITS = st.tuples(st.sampled_from(("max-age", "s-maxage")), st.integers(0, 2 * YEAR))
UNUSABLE = st.sampled_from(("no-store", "no-cache", "private"))


@given(
    names=st.lists(NAMES, max_size=3),
    limits=st.lists(LIMITS, max_size=3),
    unusable=st.lists(UNUSABLE, max_size=1),
    age=st.integers(0, YEAR),
    random=st.randoms(use_true_random=False),
)
def test_any_order_spelling_and_split_into_lines_says_the_same(names, limits, unusable, age, random):
    """Against a model that knows the parts."""
    parts = [*names, *(f"{name}={seconds}" for name, seconds in limits), *unusable]
    random.shuffle(parts)
    spelt = [part.upper() if random.random() < 0.5 else part for part in parts]
    cut = random.randint(0, len(spelt))
    lines = [("Cache-Control", " , ".join(half)) for half in (spelt[:cut], spelt[cut:])]
    shared = [seconds for name, seconds in limits if name == "s-maxage"] or [seconds for _, seconds in limits]
    expected = 0 if unusable else max(0, min(shared) - age) if shared else None
    assert fresh(*lines, ("Age", str(age))) == expected


@given(cache_control=st.text(), expires=st.text(), date=st.text(), age=st.text())
@example('max-age="', "Thu, 01 Jan 1970 00:00:00 GMT", "", "")
@example("max-age=" + "9" * 5_000, "Mon, 99 Foo 9999 99:99:99 GMT", "Sun, 06 Nov 9999 08:49:37 GMT", "9" * 5_000)
def test_whatever_a_server_sends_is_a_bounded_number_or_nothing(cache_control, expires, date, age):
    """No header ends in an error, or in a life without an end."""
    lines = (("Cache-Control", cache_control), ("Expires", expires), ("Date", date), ("Age", age))
    seconds = fresh(*lines)
    assert seconds is None or 0 <= seconds <= 2**31
    without_expires = fresh(("Cache-Control", cache_control))
    assert without_expires is None or 0 <= without_expires <= 2**31


@given(value=st.text(alphabet='max-age=s-,"\\ 0123456789private', max_size=60))
def test_a_bound_beside_anything_is_kept(value):
    """Never longer than a max-age that is sent as a line of its own, unless s-maxage is said."""
    seconds = of_cache_control("max-age=600", value)
    assert seconds is not None and (seconds <= 600 or "s-maxage" in value)
