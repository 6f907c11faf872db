"""What the fetcher never connects to, whoever asks and however it is written."""

import pytest

from imgapis.base.outbound import fetch, urls
from tests.transforms.guarded_urls import REFUSED
from tests.transforms.raw_origin import PUBLIC, PUBLIC_V6, Dialler, Names, RawOrigin, answer, get


@pytest.fixture
def serve():
    """Start raw origins; they stop listening after the test."""
    origins = []

    def start(talk):
        origins.append(RawOrigin(talk))
        return origins[-1]

    yield start
    for origin in origins:
        origin.close()


def test_the_table_of_addresses_is_as_large_as_promised():
    assert len(set(REFUSED)) >= 150


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_a_guarded_or_malformed_address_is_refused_before_any_connect(url):
    """S1 S2 S3 S6 S8 S9 S11"""
    dialler, names = Dialler(), Names()
    with pytest.raises(fetch.FetchError) as excinfo:
        get(url, dialler=dialler, names=names)
    assert dialler.dialled == [] and names.lookups == []
    assert excinfo.value.status in (400, 422)
    assert "127" not in excinfo.value.message and "169" not in excinfo.value.message


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]", "[2002:808:808::1]", "[2606:4700::1]"]
)
def test_a_public_address_or_twin_is_dialled(address):
    """S3"""
    dialler = Dialler()
    with pytest.raises(fetch.FetchError) as excinfo:
        get(f"http://{address}/", dialler=dialler)
    assert excinfo.value.code == "source_unreachable"
    assert dialler.dialled and dialler.dialled[0] == urls.parse(f"http://{address}/").host


def test_a_resolver_that_changes_its_answer_is_asked_once_and_what_was_tested_is_dialled(serve):
    """S4"""
    origin = serve(answer())
    dialler, names = Dialler(origin.port), Names({"rebind.test": [[PUBLIC], ["127.0.0.1"], ["169.254.169.254"]]})
    assert get("http://rebind.test/", dialler=dialler, names=names).body == b"picture"
    assert names.lookups == ["rebind.test"] and dialler.dialled == [PUBLIC]


def test_a_rebinding_name_is_tested_again_on_the_next_hop(serve):
    """S4 S7"""
    origin = serve(answer(b"", "302 Found", "Location: http://rebind.test/again"))
    dialler, names = Dialler(origin.port), Names({"rebind.test": [[PUBLIC], ["127.0.0.1"]]})
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://rebind.test/", dialler=dialler, names=names)
    assert excinfo.value.status == 422 and dialler.dialled == [PUBLIC]


@pytest.mark.parametrize(
    "answers", [[PUBLIC, "10.0.0.1"], [PUBLIC, "::1"], ["::ffff:127.0.0.1", PUBLIC], [PUBLIC, "fe80::1%eth0"], []]
)
def test_one_guarded_answer_refuses_them_all(answers):
    """S5"""
    dialler = Dialler()
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://mixed.test/", dialler=dialler, names=Names({"mixed.test": answers}))
    assert excinfo.value.code == "source_unresolvable" and dialler.dialled == []


def test_a_guarded_address_and_an_unknown_name_are_told_apart_by_nothing():
    """S16"""
    refusals = set()
    names = Names({"private.test": ["192.168.0.1"], "mixed.test": [PUBLIC, "127.0.0.1"]})
    for url in (
        "http://10.0.0.1/",
        "http://private.test/",
        "http://mixed.test/",
        "http://nobody.test/",
        "http://[::1]/",
    ):
        with pytest.raises(fetch.FetchError) as excinfo:
            get(url, dialler=Dialler(), names=names)
        refusals.add((excinfo.value.code, excinfo.value.status, excinfo.value.message))
    assert len(refusals) == 1 and next(iter(refusals))[1] == 422


def test_the_other_family_is_dialled_where_the_first_is_closed(serve):
    origin = serve(answer())
    dialler = Dialler(origin.port, closed=(PUBLIC_V6,))
    names = Names({"dual.test": [PUBLIC_V6, "2606:2800::2", PUBLIC]})
    assert get("http://dual.test/", dialler=dialler, names=names).body == b"picture"
    assert dialler.dialled == [PUBLIC_V6, PUBLIC]


REDIRECTS = [
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/latest/",
    "//10.0.0.1/",
    "https://localhost/",
    "file:///etc/passwd",
    "gopher://a.test/",
    "http://user@a.test/",
    "http://a.test\\@b.test/",
    "http://a.test:22/",
    "http://off-list.test/",
    "//off-list.test/",
    "http://2130706433/",
    "javascript:1",
    "http://a.test/a b",
    "http:///a",
]


@pytest.mark.parametrize("target", REDIRECTS)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_a_redirect_to_a_guarded_foreign_or_malformed_address_is_refused(serve, target, status):
    """S7"""
    origin = serve(answer(b"body of a redirect", status, f"Location: {target}"))
    dialler = Dialler(origin.port)
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://a.test/", dialler=dialler, permitted=lambda hop: hop.host != "off-list.test")
    assert excinfo.value.status == 422
    assert dialler.dialled == [PUBLIC] and len(origin.requests) == 1


def test_a_redirect_loop_and_a_chain_of_four_end_after_four_hits(serve):
    """S7"""
    origin = serve(answer(b"", "302 Found", "Location: /again"))
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://a.test/", dialler=Dialler(origin.port))
    assert excinfo.value.code == "source_redirect" and len(origin.requests) == 4


@pytest.mark.parametrize(
    ("reference", "path"),
    [
        ("/b.png", "/b.png"),
        ("b.png", "/x/b.png"),
        ("../b.png", "/b.png"),
        ("?v=2", "/x/y?v=2"),
        ("http://b.test/c", "/c"),
        ("//b.test/c#part", "/c"),
        ("/é".encode().decode("latin-1"), "/%C3%A9"),
    ],
)
def test_a_redirect_to_an_allowed_place_is_followed(serve, reference, path):
    """S7"""

    def talk(connection, request):
        first = request.startswith(b"GET /x/y ")
        response = answer(b"", "302 Found", "Location: @") if first else answer()
        connection.sendall(response.replace(b"@", reference.encode("latin-1")))

    origin = serve(talk)
    result = get("http://a.test/x/y", dialler=Dialler(origin.port))
    assert result.body == b"picture" and result.location.target == path
    assert origin.requests[1].startswith(f"GET {path} HTTP/1.1\r\n".encode())


def test_a_redirect_down_from_https_is_refused():
    """S7"""
    https = urls.parse("https://a.test/")
    with pytest.raises(fetch.FetchError) as excinfo:
        fetch._next_hop(https, "http://a.test/", lambda hop: True, fetch.FetchRules())
    assert excinfo.value.code == "source_redirect"
    assert fetch._next_hop(https, "https://b.test/", lambda hop: True, fetch.FetchRules()).host == "b.test"


def test_a_redirect_without_an_address_and_a_304_are_refused(serve):
    for status in ("302 Found", "304 Not Modified", "300 Multiple Choices"):
        with pytest.raises(fetch.FetchError) as excinfo:
            get("http://a.test/", dialler=Dialler(serve(answer(b"", status)).port))
        assert excinfo.value.code == "source_redirect"


def test_what_the_workspace_does_not_allow_is_not_looked_up():
    names = Names()
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://a.test/", dialler=Dialler(), names=names, permitted=lambda hop: False)
    assert excinfo.value.code == "source_not_allowed" and names.lookups == []


def test_http_can_be_switched_off(serve):
    """S8"""
    dialler = Dialler()
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://a.test/", dialler=dialler, allow_http=False)
    assert excinfo.value.code == "invalid_source" and dialler.dialled == []


def test_a_private_pair_of_the_settings_is_an_exception_and_its_neighbours_are_not(serve):
    origin = serve(answer())
    private = {f"127.0.0.1:{origin.port}"}
    dialler = Dialler(origin.port)
    assert get(f"http://127.0.0.1:{origin.port}/", dialler=dialler, private=private).body == b"picture"
    for url in (f"http://127.0.0.2:{origin.port}/", "http://127.0.0.1/", f"http://127.0.0.1:{origin.port ^ 1}/"):
        with pytest.raises(fetch.FetchError):
            get(url, dialler=dialler, private=private)
    assert len(dialler.dialled) == 1


def test_the_origin_sees_host_agent_and_accept_and_nothing_else(serve):
    """S12 S13"""
    origin = serve(answer(b"picture", "200 OK", "Set-Cookie: a=b"))
    result = get("http://A.test:80/a%0d%0aHost:%20evil.test/é?q=%0D%0A", dialler=Dialler(origin.port))
    head, *headers = origin.requests[0].decode().strip().split("\r\n")
    assert head == "GET /a%0D%0AHost:%20evil.test/%C3%A9?q=%0D%0A HTTP/1.1"
    assert sorted(headers) == ["Accept-Encoding: identity", "Accept: image/*", "Host: a.test", "User-Agent: imgapis/1"]
    assert "a=b" not in repr(result)


def test_proxies_and_netrc_of_the_environment_choose_no_other_route(serve, monkeypatch, tmp_path):
    """S14"""
    origin = serve(answer())
    (tmp_path / ".netrc").write_text("default login somebody password secret\n")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    dialler = Dialler(origin.port)
    assert get("http://a.test/", dialler=dialler).body == b"picture"
    assert dialler.dialled == [PUBLIC] and b"Authorization" not in origin.requests[0]
