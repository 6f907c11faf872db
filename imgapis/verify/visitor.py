"""An HTTP client that sends marks in every header: keeps cookies and the CSRF token, and records every response."""

import http.client
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
HOST = "127.0.0.1"


# What no error page may reveal: paths of the code, traces and settings (V3).
TRACES = ("Traceback (most recent", "site-packages", "botocore", "pynamodb", "SECRET_KEY", "INSTALLED_APPS")


@dataclass(frozen=True)
class Answer:
    """A response. `cookies` are the names that it set."""

    status: int
    location: str
    text: str
    cookies: tuple[str, ...]


@dataclass
class Visitor:
    """`headers` go with every request; `seen` has (host, path, status, cookies set) of every response, `traces` what
    an error page revealed."""

    port: int
    headers: dict[str, str]
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""
    seen: list[tuple[str, str, int, tuple[str, ...]]] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)

    def get(self, path: str, host: str = "localhost", method: str = "GET", **extra_headers: str) -> Answer:
        """Request a path of a host."""
        return self._ask(method, path, host, None, extra_headers)

    def post(self, path: str, fields: dict, **extra_headers: str) -> Answer:
        """Open the page of a form and send it."""
        self.get(path)
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields}, doseq=True)
        return self._ask(
            "POST", path, "localhost", body, {"Content-Type": "application/x-www-form-urlencoded", **extra_headers}
        )

    def send(self, path: str, body: str, host: str = "localhost", method: str = "POST", **extra_headers: str) -> Answer:
        """Send a body as it is."""
        return self._ask(method, path, host, body, extra_headers)

    def _ask(self, method: str, path: str, host: str, body: str | None, extra_headers: dict[str, str]) -> Answer:
        cookie_pairs = [f"{name}={value}" for name, value in self.cookies.items()]
        headers = {"Host": f"{host}:{self.port}", **self.headers, **extra_headers}
        headers["Cookie"] = "; ".join([*cookie_pairs, *filter(None, [self.headers.get("Cookie")])])
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode(errors="replace")
        finally:
            connection.close()
        cookie_names = self._keep(response)
        token_match = TOKEN.search(text)
        self.token = token_match[1] if token_match else self.token
        self.seen.append((host, path, response.status, cookie_names))
        if response.status >= 400:
            self.traces += [
                f"{trace} in the {response.status} of {path.partition('?')[0]}" for trace in TRACES if trace in text
            ]
        return Answer(response.status, response.headers.get("Location", ""), text, cookie_names)

    def _keep(self, response: http.client.HTTPResponse) -> tuple[str, ...]:
        names = []
        for line in response.headers.get_all("Set-Cookie") or ():
            for name, morsel in SimpleCookie(line).items():
                names.append(name)
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.value
        return tuple(names)
