"""The source doctor: one fault of a customer's web server, one diagnosis that names it."""

import socket
import sys
from contextlib import contextmanager

import pytest

from imgapis.base.outbound import resolution
from tests.origin import picture
from tests.transforms.raw_origin import RawOrigin, answer
from tests.transforms.test_fetch_tls import SecureOrigin, certificate  # noqa: F401 - a fixture
from transforms.doctor import examination, remedies
from transforms.doctor.diagnosis import Step
from transforms.sources import named_sources
from transforms.tenant import tenants

JPEG = picture()
SPLIT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"


WATCHING: list[set[int]] = []


def _note_connection(event: str, args: tuple) -> None:
    if event == "socket.connect" and isinstance(args[1], tuple):
        for ports in WATCHING:
            ports.add(args[1][1])


sys.addaudithook(_note_connection)


@contextmanager
def connections():
    """The ports of IP addresses that this process connects to meanwhile."""
    WATCHING.append(set())
    try:
        yield WATCHING[-1]
    finally:
        WATCHING.pop()


@pytest.fixture
def examine(workspace, settings):
    """Examine a web server that answers by `talk`; `secure` is the file of its certificate."""
    origins = []
    settings.FETCH_TOTAL_SECONDS = 2.0

    def run(talk, path="a.jpg", secure=None):
        origin = SecureOrigin(talk, secure) if secure else RawOrigin(talk)
        origins.append(origin)
        settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{origin.port}"})
        scheme = "https" if secure else "http"
        return diagnose(workspace, f"{scheme}://127.0.0.1:{origin.port}/", path)

    yield run
    for origin in origins:
        origin.close()


def diagnose(workspace, prefix: str, path="a.jpg"):
    """The doctor's diagnosis of a web server."""
    row = named_sources.create(workspace.workspace_id, name="ill", kind="http", prefix=prefix)
    try:
        return examination.examine(tenants.of_row(workspace, workspace.namespace), row, path)
    finally:
        named_sources.delete(row)


def states(diagnosis) -> dict[str, str]:
    """Step → state."""
    return {step.name: step.state for step in diagnosis.steps}


def test_a_healthy_source_passes_every_step(examine):
    diagnosis = examine(answer(JPEG))
    assert (diagnosis.failed, diagnosis.code, diagnosis.policy) == (None, "", "")
    assert states(diagnosis) == {
        "address": "passed",
        "connect": "passed",
        "tls": "warned",
        "redirects": "passed",
        "answer": "passed",
        "headers": "passed",
        "type": "passed",
        "decode": "passed",
    }
    assert diagnosis.steps[-1].detail == "320 × 200 pixels." and "https" in diagnosis.steps[2].remedy


def redirecting(target: str, status="302 Found"):
    """A web server that redirects its first request, and serves a picture then."""
    requests = []

    def talk(connection, request):
        requests.append(request)
        connection.sendall(answer(b"", status, f"Location: {target}") if len(requests) == 1 else answer(JPEG))

    return talk


def test_a_redirect_that_is_followed_is_told(examine):
    diagnosis = examine(redirecting("/b.jpg"))
    assert diagnosis.failed is None and "Followed 1" in diagnosis.steps[3].detail


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
        (answer(b"<svg/>"), "type", "unsupported_format", "JPEG"),
        (answer(JPEG[:700]), "decode", "broken_image", "again"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_is_named_with_its_step_and_its_remedy(examine, talk, step, code, word):
    diagnosis = examine(talk)
    assert (diagnosis.failed.name, diagnosis.code) == (step, code), diagnosis
    assert word in f"{diagnosis.failed.detail} {diagnosis.failed.remedy}" and diagnosis.failed.remedy
    names = list(states(diagnosis))
    later_names = names[names.index(step) + 1 :]
    assert all(states(diagnosis)[name] == "skipped" for name in later_names)
    assert all(states(diagnosis)[name] in ("passed", "warned") for name in names[: names.index(step)])


def test_a_closed_port_fails_at_the_connection(workspace, settings):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{port}"})
    diagnosis = diagnose(workspace, f"http://127.0.0.1:{port}/")
    assert (diagnosis.failed.name, diagnosis.code) == ("connect", "source_unreachable")


def test_a_certificate_nobody_vouches_for_fails_at_the_encryption(examine, certificate):  # noqa: F811
    diagnosis = examine(answer(JPEG), secure=certificate)
    assert (diagnosis.failed.name, diagnosis.code) == ("tls", "source_unreachable")
    assert "certificate" in diagnosis.failed.detail and "authority" in diagnosis.failed.remedy


def test_a_server_without_encryption_fails_at_the_encryption(workspace, settings):
    origin = RawOrigin(answer(JPEG))
    settings.FETCH_ALLOW_PRIVATE = frozenset({f"127.0.0.1:{origin.port}"})
    settings.FETCH_TOTAL_SECONDS = 1.0
    diagnosis = diagnose(workspace, f"https://127.0.0.1:{origin.port}/")
    origin.close()
    assert diagnosis.failed.name == "tls"


GUARDED = (
    "http://10.0.0.1/",
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/",
    "http://metadata.google.internal/",
)


@pytest.fixture
def saved_before(monkeypatch):
    """Sources are saved unlooked at: their names led elsewhere then."""
    monkeypatch.setattr(resolution, "require_public", lambda location: None)


def test_a_guarded_address_is_told_as_an_unknown_name_is(workspace, settings, saved_before):
    """S16"""
    settings.FETCH_ALLOW_PRIVATE = frozenset()
    diagnoses = [diagnose(workspace, prefix) for prefix in (*GUARDED, "http://no-such-host.invalid/")]
    assert len(set(diagnoses)) == 1
    assert (diagnoses[0].failed.name, diagnoses[0].code) == ("address", "source_unresolvable")
    assert diagnoses[0].failed.detail == "The source's host has no public address."


@pytest.mark.parametrize("prefix", GUARDED)
def test_a_guarded_address_is_never_connected_to(workspace, settings, saved_before, prefix):
    """S16: so that neither the answer nor its time says whether something listens there."""
    settings.FETCH_ALLOW_PRIVATE = frozenset()
    with connections() as ports:
        diagnose(workspace, prefix)
    assert not ports & {80, 443}


def test_the_address_of_a_source_that_may_be_fetched_is_connected_to(examine, settings):
    """The other side of the test above: a connection is seen where there is one."""
    with connections() as ports:
        examine(answer(JPEG))
    assert ports & {int(place.rpartition(":")[2]) for place in settings.FETCH_ALLOW_PRIVATE}


def test_a_path_that_is_never_fetched_is_refused_by_name(workspace):
    for path in ("", "../a.jpg", "a\\b"):
        with pytest.raises(examination.originals.InvalidSource) as excinfo:
            diagnose(workspace, "https://shop.example/", path)
        assert excinfo.value.param == "path"


def test_every_code_of_a_source_has_a_remedy():
    fetching = {"source_unresolvable", "invalid_source", *examination.BELONGS, "source_timeout"}
    assert fetching <= set(remedies.BY_CODE)
    assert {"connect", "tls", "answer", "headers"} <= set(remedies.BY_STEP)


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        (Step("fetch", "passed", "200."), ("passed", "ok", "200.")),
        (Step("fetch", "failed", "404."), ("failed", "bad", "404.")),
        (Step("fetch", "warned", "Slow.", "Move it."), ("warned", "warn", "Slow. Move it.")),
        (Step("fetch", "skipped", "No list."), ("not known", "", "No list.")),
        (Step("fetch"), ("not reached", "", "")),
    ],
)
def test_a_step_is_shown_by_its_outcome_its_badge_and_its_hint(step, shown):
    assert (step.outcome, step.badge, step.hint) == shown
