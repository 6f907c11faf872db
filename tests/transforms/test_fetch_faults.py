"""What the fetcher does with an origin that is slow, endless, broken or cut off."""

import gzip
import socket
import struct
import threading
import time
import tracemalloc
import zlib

import pytest

from imgapis.base.outbound import fetch
from tests.transforms.raw_origin import PUBLIC, Dialler, RawOrigin, answer, get

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n"
STATUS = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
FAR_LATER = 4.0  # seconds: ten times the deadlines set here, so that a busy machine is not a failure


@pytest.fixture
def fetch_from():
    """Fetch from an origin that answers by `talk`; returns the result of the fetch and the origin."""
    origins = []

    def run(talk, **limits):
        origin = RawOrigin(talk)
        origins.append(origin)
        return get("http://a.test/", dialler=Dialler(origin.port), **limits), origin

    run.started = origins
    yield run
    for origin in origins:
        origin.close()


def refusal(run, talk, **limits):
    """The error of a fetch that has to fail."""
    with pytest.raises(fetch.FetchError) as excinfo:
        run(talk, **limits)
    return excinfo.value


def dribble(start: bytes, repeated: bytes):
    """Send `start`, then `repeated` every fiftieth of a second until the other side hangs up."""

    def talk(connection, request):
        pause = threading.Event()
        connection.sendall(start)
        while not pause.wait(0.02):  # the slowness is the subject
            connection.sendall(repeated)

    return talk


def flood(start: bytes, repeated: bytes):
    """Send `start`, then `repeated` as fast as it is taken."""

    def talk(connection, request):
        connection.sendall(start)
        while True:
            connection.sendall(repeated)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        dribble(b"", b"H"),
        dribble(STATUS, b"A: b\r\n"),
        dribble(STATUS + b"A: ", b"b"),
        dribble(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dribble(HEAD + b"Content-Length: 5000\r\n\r\n", b"x"),
        dribble(HEAD + b"\r\n", b"x"),
        dribble(CHUNKED, b"1\r\nx\r\n"),
        dribble(CHUNKED, b"0"),
        dribble(CHUNKED + b"0\r\n", b"A: b\r\n"),
        dribble(CHUNKED + b"FFF\r\n", b"x"),
        dribble(HEAD + b"Content-Length: 5000\r\n\r\nhalf", b""),
        dribble(b"", b""),
    ],
    ids="status headers header interim body unsized chunks size trailer chunk stall mute".split(),  # noqa: SIM905
)
def test_a_slow_origin_meets_the_deadline_of_the_whole_fetch(fetch_from, talk):
    """R1"""
    start = time.monotonic()
    error = refusal(fetch_from, talk, seconds=0.4)
    assert (error.code, error.status) == ("source_timeout", 504)
    assert 0.35 < time.monotonic() - start < FAR_LATER


def test_the_connection_to_a_slow_origin_is_closed(fetch_from):
    """R1"""
    refusal(fetch_from, dribble(HEAD + b"\r\n", b"x"), seconds=0.3)
    assert fetch_from.started[0].hung_up.wait(2)


def test_a_slow_look_up_meets_the_deadline():
    """R1"""
    release = threading.Event()

    def slow_resolver(host, port):
        release.wait(5)
        return [PUBLIC]

    start = time.monotonic()
    with pytest.raises(fetch.FetchError) as excinfo:
        get("http://a.test/", dialler=Dialler(), names=slow_resolver, seconds=0.3)
    release.set()
    assert excinfo.value.code == "source_timeout" and time.monotonic() - start < FAR_LATER


def test_a_chain_of_slow_redirects_has_one_deadline(fetch_from):
    """R1"""

    def talk(connection, request):
        threading.Event().wait(0.2)
        connection.sendall(answer(b"", "302 Found", "Location: /on"))

    start = time.monotonic()
    assert refusal(fetch_from, talk, seconds=0.5).code == "source_timeout"
    assert time.monotonic() - start < FAR_LATER


@pytest.mark.parametrize(
    "start", [HEAD + b"\r\n", CHUNKED + b"FFFFFFFFF\r\n", HEAD + b"Content-Length: 99999\r\n\r\n" + b"x" * 200_000]
)
def test_an_endless_body_stops_at_the_cap(fetch_from, start):
    """R2"""
    if b"99999" in start:
        assert len(fetch_from(start, max_bytes=100_000)[0].body) == 99999
        return
    tracemalloc.start()
    error = refusal(fetch_from, flood(start, b"x" * 65536), max_bytes=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (error.code, error.status) == ("source_too_large", 413) and peak < 8_000_000


@pytest.mark.parametrize("length", [b"100001", b"10000000000", b"999999999999999999"])
def test_a_length_beyond_the_cap_is_refused_at_once(fetch_from, length):
    """R2"""
    start = time.monotonic()
    error = refusal(fetch_from, dribble(HEAD + b"Content-Length: " + length + b"\r\n\r\n", b"x"), seconds=5)
    assert error.status == 413 and time.monotonic() - start < FAR_LATER


def test_a_body_of_exactly_the_cap_is_taken(fetch_from):
    assert len(fetch_from(answer(b"x" * 100_000))[0].body) == 100_000
    assert refusal(fetch_from, answer(b"x" * 100_001)).status == 413


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate"])
def test_an_encoded_body_is_inflated_and_counted_after_inflating(fetch_from, coding):
    """R2"""
    pack = zlib.compress if coding == "deflate" else gzip.compress
    assert fetch_from(answer(pack(b"picture" * 9), "200 OK", f"Content-Encoding: {coding}"))[0].body == b"picture" * 9
    bomb = answer(pack(bytes(50_000_000)), "200 OK", f"Content-Encoding: {coding}")
    tracemalloc.start()
    error = refusal(fetch_from, bomb, seconds=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.status == 413 and peak < 8_000_000


@pytest.mark.parametrize("coding", ["aws-chunked", "UTF-8", "none", "identity, aws-chunked", "x", ",", '"gzip"'])
def test_a_word_that_names_no_coding_is_ignored(fetch_from, coding):
    """As Chromium does; some clients leave aws-chunked on objects of a bucket."""
    assert fetch_from(answer(b"picture", "200 OK", f"Content-Encoding: {coding}"))[0].body == b"picture"


def test_a_coding_beside_a_word_that_is_none_is_inflated(fetch_from):
    response = answer(gzip.compress(b"picture"), "200 OK", "Content-Encoding: aws-chunked, GZIP")
    assert fetch_from(response)[0].body == b"picture"


@pytest.mark.parametrize("coding", ["gzip, gzip", "br", "zstd", "compress", "gzip, br", "aws-chunked, br"])
def test_other_encodings_are_refused(fetch_from, coding):
    """R2"""
    error = refusal(fetch_from, answer(gzip.compress(gzip.compress(b"a")), "200 OK", f"Content-Encoding: {coding}"))
    assert (error.code, error.status) == ("source_encoding", 422)


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(b"picture" * 50, mtime=0)[:-9],
        gzip.compress(b"picture", mtime=0) + gzip.compress(b"more", mtime=0),
        gzip.compress(b"picture", mtime=0) + b"tail",
        b"picture",
        b"",
    ],
)
def test_a_broken_compressed_body_is_never_taken(fetch_from, body):
    """I9"""
    assert refusal(fetch_from, answer(body, "200 OK", "Content-Encoding: gzip")).code == "source_unreachable"


BROKEN = {
    "bad chunk size": CHUNKED + b"zz\r\npicture\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-1\r\npicture",
    "signed chunk size": CHUNKED + b"+7\r\npicture\r\n0\r\n\r\n",
    "prefixed chunk size": CHUNKED + b"0x7\r\npicture\r\n0\r\n\r\n",
    "underscored chunk size": CHUNKED + b"0_7\r\npicture\r\n0\r\n\r\n",
    "long chunk size": CHUNKED + b"0" * 5000 + b"7\r\npicture\r\n0\r\n\r\n",
    "no last chunk": CHUNKED + b"7\r\npicture\r\n",
    "chunk cut": CHUNKED + b"9\r\npicture",
    "two lengths": HEAD + b"Content-Length: 7\r\nContent-Length: 3\r\n\r\npicture",
    "the same length twice": HEAD + b"Content-Length: 7\r\nContent-Length: 7\r\n\r\npicture",
    "listed lengths": HEAD + b"Content-Length: 7, 3\r\n\r\npicture",
    "negative length": HEAD + b"Content-Length: -1\r\n\r\npicture",
    "signed length": HEAD + b"Content-Length: +7\r\n\r\npicture",
    "wordy length": HEAD + b"Content-Length: seven\r\n\r\npicture",
    "TE and CL": HEAD + b"Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n",
    "CL and TE": HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 7\r\n\r\n7\r\npicture\r\n0\r\n\r\n",
    "unknown TE": HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n",
    "identity TE": HEAD + b"Transfer-Encoding: identity\r\n\r\npicture",
    "spaced TE": HEAD + b"Transfer-Encoding : chunked\r\n\r\n7\r\npicture\r\n0\r\n\r\n",
    "HTTP/0.9": b"<html>picture</html>",
    "HTTP/2": b"HTTP/2 200 OK\r\nContent-Length: 7\r\n\r\npicture",
    "no status": b"HTTP/1.1 abc\r\n\r\npicture",
    "status beyond": b"HTTP/1.1 99 Low\r\nContent-Length: 7\r\n\r\npicture",
    "one huge header": STATUS + b"A: " + b"x" * 1_000_000 + b"\r\nContent-Length: 7\r\n\r\npicture",
    "a megabyte of headers": STATUS + b"".join(b"A%d: %s\r\n" % (i, b"x" * 20_000) for i in range(50)) + b"\r\npicture",
    "many headers": STATUS + b"A: b\r\n" * 500 + b"\r\npicture",
    "nameless header": STATUS + b": x\r\nContent-Length: 7\r\n\r\npicture",
    "header without colon": STATUS + b"nonsense\r\nContent-Length: 7\r\n\r\npicture",
    "endless interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 5000,
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "partial content": b"HTTP/1.1 206 Partial Content\r\nContent-Length: 7\r\n\r\npicture",
    "nothing": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
    "a length too long": HEAD + b"Content-Length: 8\r\n\r\npicture",
    "a body that never comes": HEAD + b"Content-Length: 8\r\n\r\n",
    "server error": answer(b"", "500 Internal Server Error"),
    "overloaded": answer(b"", "503 Service Unavailable"),
}


@pytest.mark.parametrize("response", BROKEN.values(), ids=BROKEN)
def test_broken_and_cut_off_answers_are_never_taken(fetch_from, response):
    """R3 I9"""
    error = refusal(fetch_from, response)
    assert (error.code, error.status) == ("source_unreachable", 502)


def test_an_endless_header_and_an_endless_chunk_of_negative_size_are_not_read_on(fetch_from):
    """R2 R3"""
    for start, repeated in ((STATUS + b"A: ", b"x" * 4096), (STATUS, b"A: b\r\n"), (CHUNKED + b"-1\r\n", b"x" * 4096)):
        start_time = time.monotonic()
        assert refusal(fetch_from, flood(start, repeated), seconds=5).code == "source_unreachable"
        assert time.monotonic() - start_time < FAR_LATER


@pytest.mark.parametrize(
    "response", [HEAD + b"Content-Length: 100\r\n\r\nhalf", CHUNKED + b"FF\r\nhalf", HEAD + b"\r\nhalf"]
)
def test_a_reset_in_the_middle_is_never_taken(fetch_from, response):
    """I9"""

    def talk(connection, request):
        connection.sendall(response)
        threading.Event().wait(0.05)  # the bytes first, then the reset
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert refusal(fetch_from, talk).code == "source_unreachable"
    assert len(fetch_from.started[0].requests) == 1


@pytest.mark.parametrize(
    ("status", "code", "our_status"),
    [
        ("404 Not Found", "source_missing", 404),
        ("410 Gone", "source_missing", 404),
        ("401 No", "source_forbidden", 424),
        ("403 No", "source_forbidden", 424),
        ("400 Bad", "source_refused", 424),
        ("429 Slow", "source_refused", 424),
        ("451 Law", "source_refused", 424),
        ("500 Oh", "source_unreachable", 502),
    ],
)
def test_the_origins_status_becomes_ours(fetch_from, status, code, our_status):
    error = refusal(fetch_from, answer(b"words", status))
    assert (error.code, error.status) == (code, our_status)


@pytest.mark.parametrize(
    "response",
    [
        answer(),
        CHUNKED + b"3;name=value\r\npic\r\n4\r\nture\r\n0\r\nTrailer: x\r\n\r\n",
        HEAD + b"\r\npicture",
        b"HTTP/1.0 200 OK\r\n\r\npicture",
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
    ],
)
def test_a_whole_answer_is_taken(fetch_from, response):
    assert fetch_from(response)[0].body == b"picture"


def test_an_origin_that_hangs_up_before_a_byte_is_asked_once_more(fetch_from):
    requests = []

    def talk(connection, request):
        requests.append(request)
        if len(requests) == 2:
            connection.sendall(answer())

    assert fetch_from(talk)[0].body == b"picture"
    assert len(requests) == 2


def test_an_origin_that_always_hangs_up_is_asked_twice(fetch_from):
    assert refusal(fetch_from, b"").code == "source_unreachable"
    assert len(fetch_from.started[0].requests) == 2


def test_closed_filtered_and_silent_ports_share_one_answer():
    """S16"""

    def filtered_port(address, port, seconds):
        raise TimeoutError

    refusals = set()
    for dialler in (Dialler(), filtered_port):
        with pytest.raises(fetch.FetchError) as excinfo:
            get("http://a.test/", dialler=dialler)
        refusals.add((excinfo.value.code, excinfo.value.status, excinfo.value.message))
    assert refusals == {("source_unreachable", 502, "The source did not give a complete and correct answer.")}
