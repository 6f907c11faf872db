"""People at a browser without a window: cookies, forms with their tokens, and the mail that reaches them."""

import email
import email.policy
import http.client
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

from tests import environment

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([A-Za-z0-9]+)"')
CODE = re.compile(r"^ {4}([0-9]{6})$", re.MULTILINE)
HOST = f"localhost:{environment.WEB_PORT}"


@dataclass(frozen=True)
class Page:
    """An answer of the site; header names are lower-case."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def goal(self) -> str:
        """Where a redirect leads."""
        return self.headers.get("location", "")


@dataclass
class Person:
    """Somebody with an address and a cookie jar. `cookies_seen` are the names of all cookies ever set."""

    email: str
    cookies: dict[str, str] = field(default_factory=dict)
    cookies_seen: set[str] = field(default_factory=set)
    token: str = ""

    def get(self, path: str, **headers: str) -> Page:
        """Open a page and remember its form token."""
        return self.ask("GET", path, None, headers)

    def post(self, path: str, headers: dict[str, str] | None = None, **fields) -> Page:
        """Send a form, with the token of the page last seen."""
        given = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        body = urlencode({"csrfmiddlewaretoken": self.token, **fields}, doseq=True)
        return self.ask("POST", path, body, given)

    def ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Page:
        """One exchange with the web server."""
        connection = http.client.HTTPConnection("127.0.0.1", environment.WEB_PORT, timeout=30)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Host": HOST, "Cookie": cookie, **headers})
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            for name, value in answer.getheaders():
                if name.lower() == "set-cookie":
                    self._take(value)
            found = TOKEN.search(text)
            self.token = found[1] if found else self.token
            return Page(answer.status, {name.lower(): value for name, value in answer.getheaders()}, text)
        finally:
            connection.close()

    def _take(self, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            self.cookies_seen.add(name)
            if morsel["max-age"] == "0" or not morsel.value:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = morsel.value

    def sign_in(self, namespace: str = "", business_name: str = "A business") -> "Person":
        """Sign in by the code of the mail; a new person signs up, with a workspace where a namespace is given."""
        self.get("/login")
        self.post("/login", email=self.email)
        self.get("/login/code")
        page = self.post("/login/code", code=last_code(self.email))
        if page.goal == "/signup":
            self.get("/signup")
            answers = {"business_name": business_name, "namespace": namespace or free_namespace(), "adult": "on"}
            page = self.post("/signup", **answers)
        assert page.status == 302, (page.status, page.text[:2000])
        return self

    def confirm(self) -> None:
        """Prove it again by a fresh code."""
        self.get("/account/confirm")
        self.post("/account/confirm")
        self.get("/account/confirm")
        assert self.post("/account/confirm", code=last_code(self.email)).status == 302


_count = iter(range(1, 10**9))


def free_namespace() -> str:
    """A namespace nobody has."""
    return f"team-{environment.WEB_PORT}-{next(_count)}"


def somebody(who: str) -> Person:
    """A person nobody has met."""
    return Person(f"{who}-{next(_count)}@{environment.WEB_PORT}.example.com")


def mails(address: str) -> list[email.message.EmailMessage]:
    """What an address was sent, oldest first."""
    folder = Path(environment.FOLDER) / "mail"
    parser = email.message_from_bytes
    found = [parser(path.read_bytes(), policy=email.policy.default) for path in sorted(folder.glob("*.eml"))]
    return [message for message in found if message["To"] == address]


def last_code(address: str) -> str:
    """The newest code an address was sent."""
    return CODE.findall(mails(address)[-1].get_content())[-1]
