"""The source doctor: one fault of a customer's web server, one diagnosis that names it."""

import socket
import statistics
import time

import pytest

from tests.origin import picture
from tests.transforms.raw_origin import RawOrigin, answer
from tests.transforms.test_fetch_tls import SecureOrigin, certificate  # noqa: F401 - a fixture
from transforms import doctor, remedies, source_rows, tenants

JPEG = picture()
SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"


@pytest.fixture
def examine(workspace, settings):
    """Examine a web server that talks so; `secure` is the file of its certificate."""
    started = []
    settings.FETCH_TOTAL_SECONDS = 2.0

    def run(talk, path="a.jpg", secure=None):
        origin = SecureOrigin(talk, secure) if secure else RawOrigin(talk)
        started.append(origin)
        settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{origin.port}"})
        scheme = "https" if secure else "http"
        return diagnosis(workspace, f"{scheme}://127.0.0.1:{origin.port}/", path)

    yield run
    for origin in started:
        origin.close()


def diagnosis(workspace, prefix: str, path="a.jpg"):
    """What the doctor says of a web server."""
    row = source_rows.create(workspace.workspace_id, name="ill", kind="http", prefix=prefix)
    try:
        return doctor.examine(tenants.of_row(workspace, workspace.namespace), row, path)
    finally:
        source_rows.delete(row)


def state(found) -> dict[str, str]:
    """Step → state."""
    return {step.name: step.state for step in found.steps}


def test_a_healthy_source_passes_every_step(examine):
    found = examine(answer(JPEG))
    assert (found.failed, found.code, found.policy) == (None, "", "")
    assert state(found) == {
        "address": "passed", "connect": "passed", "tls": "warned", "redirects": "passed", "answer": "passed",
        "headers": "passed", "type": "passed", "decode": "passed",
    }  # fmt: skip
    assert found.steps[-1].detail == "320 × 200 pixels." and "https" in found.steps[2].remedy


def redirecting(target: str, status="302 Found"):
    """A web server that redirects its first request, and serves a picture then."""
    seen = []

    def talk(connection, request):
        seen.append(request)
        connection.sendall(answer(b"", status, f"Location: {target}") if len(seen) == 1 else answer(JPEG))

    return talk


def test_a_redirect_that_is_followed_is_told(examine):
    found = examine(redirecting("/b.jpg"))
    assert found.failed is None and "Followed 1" in found.steps[3].detail


@pytest.mark.parametrize(
    ("talk", "step", "code", "word"),
    [
        (answer(b"no", "404 Not Found"), "answer", "source_missing", "404"),
        (answer(b"no", "403 Forbidden"), "answer", "source_forbidden", "firewall"),
        (answer(b"no", "429 Too Many Requests"), "answer", "source_refused", "429"),
        (answer(b"no", "500 Oh"), "answer", "source_unreachable", "500"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "answer", "source_unreachable", "log"),
        (lambda connection, request: connection.recv(1), "answer", "source_timeout", "faster"),
        (redirecting("ftp://files.example/"), "redirects", "source_redirect", "redirects to"),
        (redirecting("http://10.0.0.1/"), "redirects", "source_unresolvable", "public addresses"),
        (answer(b"", "302 Found"), "redirects", "source_redirect", "redirects to"),
        (answer(JPEG, "200 OK", "Content-Encoding: br"), "headers", "source_encoding", "gzip"),
        (answer(JPEG)[:-40], "headers", "source_unreachable", "broke"),
        (SPLIT, "answer", "source_unreachable", "log"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "headers", "source_too_large", "smaller"),
        (answer(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "type", "unsupported_format", "JPEG"),
        (answer(JPEG[:700]), "decode", "broken_image", "again"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_fault_is_named_with_its_step_and_its_remedy(examine, talk, step, code, word):
    found = examine(talk)
    assert (found.failed.name, found.code) == (step, code), found
    assert word in f"{found.failed.detail} {found.failed.remedy}" and found.failed.remedy
    names = list(state(found))
    after = names[names.index(step) + 1 :]
    assert all(state(found)[name] == "skipped" for name in after)
    assert all(state(found)[name] in ("passed", "warned") for name in names[: names.index(step)])


def test_a_closed_port_fails_at_the_connection(workspace, settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{port}"})
    found = diagnosis(workspace, f"http://127.0.0.1:{port}/")
    assert (found.failed.name, found.code) == ("connect", "source_unreachable")


def test_a_certificate_nobody_vouches_for_fails_at_the_encryption(examine, certificate):  # noqa: F811
    found = examine(answer(JPEG), secure=certificate)
    assert (found.failed.name, found.code) == ("tls", "source_unreachable")
    assert "certificate" in found.failed.detail and "authority" in found.failed.remedy


def test_a_server_without_encryption_fails_at_the_encryption(workspace, settings):
    origin = RawOrigin(answer(JPEG))
    settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{origin.port}"})
    settings.FETCH_TOTAL_SECONDS = 1.0
    found = diagnosis(workspace, f"https://127.0.0.1:{origin.port}/")
    origin.close()
    assert found.failed.name == "tls"


GUARDED = (
    "http://10.0.0.1/",
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/",
    "http://metadata.google.internal/",
)


def test_a_guarded_address_is_told_as_an_unknown_name_is(workspace, settings):
    """S16"""
    settings.FETCH_ALLOW_PRIVATE = frozenset()
    found = [diagnosis(workspace, prefix) for prefix in (*GUARDED, "http://no-such-host.invalid/")]
    assert len(set(found)) == 1
    assert (found[0].failed.name, found[0].code) == ("address", "source_unresolvable")
    assert found[0].failed.detail == "The source's host has no public address."


def test_guarded_addresses_and_unknown_names_take_the_same_time(workspace, settings):
    """S16"""
    settings.FETCH_ALLOW_PRIVATE = frozenset()

    def median(prefix):
        times = []
        for _ in range(5):
            started = time.perf_counter()
            diagnosis(workspace, prefix)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    medians = [median(prefix) for prefix in GUARDED[:2]]
    assert max(medians) - min(medians) < 0.05


def test_a_path_that_is_never_fetched_is_refused_by_name(workspace):
    for path in ("", "../a.jpg", "a\\b"):
        with pytest.raises(doctor.sources.InvalidSource) as caught:
            diagnosis(workspace, "https://shop.example/", path)
        assert caught.value.param == "path"


def test_every_code_of_a_source_has_a_remedy():
    fetching = {"source_unresolvable", "invalid_source", *doctor.BELONGS, "source_timeout"}
    assert fetching <= set(remedies.BY_CODE)
    assert {"connect", "tls", "answer", "headers"} <= set(remedies.BY_STEP)
