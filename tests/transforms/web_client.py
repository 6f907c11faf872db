"""A plain HTTP client for image hosts: 127.0.0.1 with the workspace's Host header, as curl would."""

import http.client
from dataclasses import dataclass

from tests import environment


@dataclass(frozen=True)
class Reply:
    """A response; header names are lower-case."""

    status: int
    headers: dict[str, str]
    body: bytes


def ask(
    namespace: str | None,
    path: str,
    method: str = "GET",
    host: str | None = None,
    port: int = environment.WEB_PORT,
    body: str | None = None,
    **headers: str,
) -> Reply:
    """Ask the web server of the tests. `headers` are written with underscores."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    request_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    request_headers["Host"] = host or f"{namespace}.localhost:{port}"
    try:
        connection.request(method, path, body, request_headers)
        response = connection.getresponse()
        return Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    finally:
        connection.close()
