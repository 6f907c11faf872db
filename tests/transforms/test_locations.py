"""One spelling for every address, and no address that two parsers could read differently."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgapis.base.outbound import fetch, urls


def parse(url):
    """The location with no private pairs."""
    return urls.parse(url, private=frozenset())


CANONICAL = [
    ("http://example.com", "http://example.com/"),
    ("HTTP://EXAMPLE.com:80/", "http://example.com/"),
    ("https://example.com:443/a", "https://example.com/a"),
    ("https://example.com:80/a", "https://example.com:80/a"),
    ("https://example.com./a", "https://example.com/a"),
    ("https://example.com?a=1", "https://example.com/?a=1"),
    ("https://example.com/?", "https://example.com/?"),
    ("https://example.com/%7euser/%41", "https://example.com/~user/A"),
    ("https://example.com/a%2fb", "https://example.com/a%2Fb"),
    ("https://example.com/a%252fb", "https://example.com/a%252fb"),
    ("https://example.com/100%", "https://example.com/100%25"),
    ("https://example.com/%zz", "https://example.com/%25zz"),
    ("https://example.com/%2%35", "https://example.com/%2525"),
    ("https://example.com/é", "https://example.com/%C3%A9"),
    ('https://example.com/"<>^`{|}[]', "https://example.com/%22%3C%3E%5E%60%7B%7C%7D%5B%5D"),
    ("https://example.com/a?b=c?d/e:@!$&'()*+,;=", "https://example.com/a?b=c?d/e:@!$&'()*+,;="),
    ("https://example.com/a/./b/../c", "https://example.com/a/c"),
    ("https://example.com/a/%2e/b/%2E%2e/c", "https://example.com/a/c"),
    ("https://example.com/../../a", "https://example.com/a"),
    ("https://example.com/a/..", "https://example.com/"),
    ("https://example.com/a/.", "https://example.com/a/"),
    ("https://example.com/a//b/", "https://example.com/a//b/"),
    ("https://example.com/?a=../b", "https://example.com/?a=../b"),
    ("https://example.com/%0d%0aHost:%20x", "https://example.com/%0D%0AHost:%20x"),
    ("https://example.com/a@b", "https://example.com/a@b"),
    ("https://BÜCHER.example/", "https://xn--bcher-kva.example/"),
    ("https://bu\u0308cher.example/", "https://xn--bcher-kva.example/"),
    ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
    ("https://8.8.8.8/", "https://8.8.8.8/"),
    ("https://[2606:4700:0:0:0:0:0:1]/", "https://[2606:4700::1]/"),
    ("https://[2606:4700::A]:443/", "https://[2606:4700::a]/"),
    ("https://under_score.example/", "https://under_score.example/"),
]


@pytest.mark.parametrize(("url", "canonical"), CANONICAL, ids=ascii)
def test_each_spelling_has_one_canonical_form(url, canonical):
    assert parse(url).canonical == canonical


@given(
    st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp"), blacklist_characters="\\#"), max_size=40)
)
def test_the_canonical_form_is_a_fixed_point_of_plain_ascii(rest):
    canonical = parse("https://example.com/" + rest).canonical
    assert parse(canonical).canonical == canonical
    assert re.fullmatch(r"https://example\.com/[!$-;=?-Z_a-z~]*", canonical)
    assert not {".", ".."} & set(canonical[8:].partition("?")[0].split("/"))


@given(st.text(max_size=30))
def test_any_text_is_a_location_or_refused_by_one_error(text):
    for url in (text, "http://" + text, "http://example.com" + text):
        try:
            location = parse(url)
        except fetch.FetchError as error:
            assert (error.code, error.status) == ("invalid_source", 400)
        else:
            assert parse(location.canonical) == location
            assert location.host.isascii() and location.port in (80, 443)


LOOK_ALIKES = [
    "allowed.example.evil.test",
    "evilallowed.example",
    "allowed-example",
    "allowedxexample",
    "allowed.example.",
    "allowed.examples",
    "xallowed.example",
    "a.allowed.example",
    "allowed.exampl",
    "аllowed.example",
    "allowed.ex",
]


@pytest.mark.parametrize("host", LOOK_ALIKES, ids=ascii)
def test_a_look_alike_is_another_host(host):
    """S10"""
    assert (parse(f"https://{host}/").host == "allowed.example") is (host == "allowed.example.")


@pytest.mark.parametrize("pair", ["127.0.0.1:9000", "localhost:9000", "[::1]:9000"])
def test_a_private_pair_may_use_its_port_and_no_other(pair):
    """S11"""
    assert urls.parse(f"http://{pair}/", private={pair}).pair == pair
    with pytest.raises(fetch.FetchError):
        urls.parse(f"http://{pair[:-4]}9001/", private={pair})


def test_the_host_header_has_a_port_only_where_it_is_not_the_schemes_own():
    assert parse("http://a.test:80/").authority == "a.test"
    assert parse("http://a.test:443/").authority == "a.test:443"
    assert parse("https://[2606:4700::1]:80/").authority == "[2606:4700::1]:80"
