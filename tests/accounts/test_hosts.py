"""The Host header: none of it reaches a mail or a redirect, and an unknown or ambiguous one is refused (A14)."""

import socket

import pytest

from tests import environment, people
from tests.people import Browser

pytestmark = pytest.mark.usefixtures("web")
OURS = f"localhost:{environment.WEB_PORT}"


def status(lines: list[str], target: str = "/login") -> int:
    """The status of a GET with exactly these header lines; 0 if the server closes the connection without a response."""
    request = "\r\n".join([f"GET {target} HTTP/1.1", *lines, "Connection: close", "", ""])
    with socket.create_connection(("127.0.0.1", environment.WEB_PORT), timeout=20) as connection:
        connection.sendall(request.encode("latin-1"))
        status_line = connection.makefile("rb").readline().split()
    return int(status_line[1]) if status_line else 0


@pytest.mark.parametrize(
    "lines",
    [
        ["Host: evil.test"],
        ["Host: localhost.evil.test"],
        ["Host: evil.test:80"],
        ["Host: user@localhost"],
        ["Host: localhost@evil.test"],
        ["Host: localhost, evil.test"],
        ["Host: localhost/evil"],
        ["Host:"],
        ["Host: localhost:80:80"],
        ["Host: localhost#.evil.test"],
        ["Host: 169.254.169.254"],
        ["Host: [::1].evil"],
        [f"Host: {OURS}", "Host: evil.test"],
        ["Host: evil.test", f"Host: {OURS}"],
        [],
    ],
)
def test_a_host_that_is_not_ours_is_refused(lines):
    assert status(lines) in (400, 0)


def test_a_host_of_ours_is_served_whatever_else_claims_to_be_the_host():
    for name in ("X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host", "X-Forwarded-Server"):
        assert status([f"Host: {OURS}", f"{name}: evil.test"]) == 200


def test_a_whole_address_in_the_request_line_does_not_change_the_host():
    assert status(["Host: evil.test"], f"http://{OURS}/login") in (400, 0)


def test_a_forwarded_host_reaches_neither_mail_nor_redirect():
    browser, address = Browser(), people.fresh_address("forwarded")
    browser.get("/login", X_Forwarded_Host="evil.test")
    page = browser.post("/login", {"email": address}, X_Forwarded_Host="evil.test")
    assert (page.status, page.location) == (302, "/login/code")
    (message,) = people.mails(address)
    assert b"evil" not in bytes(message) and OURS.encode() in bytes(message)
