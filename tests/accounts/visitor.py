"""A browser with an e-mail address of its own, shared by the tests of signing in."""

from dataclasses import dataclass, field

from tests import environment, people
from tests.people import Browser, Page, newest_code

_count = iter(range(1, 10**9))


@dataclass
class Person(Browser):
    """A browser with an address. `cookies_seen` are the names of all cookies ever set."""

    email: str = ""
    cookies_seen: set[str] = field(default_factory=set)

    def send(self, path: str, headers: dict[str, str] | None = None, **fields) -> Page:
        """Send a form with the token of the page last seen."""
        return self.post(path, fields, **(headers or {}))

    def _keep(self, response, body: bytes) -> Page:
        page = super()._keep(response, body)
        self.cookies_seen |= {line.partition("=")[0] for line in page.cookies}
        return page

    def sign_in(self, namespace: str = "", business_name: str = "A business") -> "Person":
        """Sign in by the code of the mail; a new person signs up with a workspace."""
        self.submit("/login", {"email": self.email})
        page = self.submit("/login/code", {"code": newest_code(self.email)})
        if page.location == "/signup":
            fields = {"business_name": business_name, "namespace": namespace or free_namespace(), "adult": "on"}
            page = self.submit("/signup", fields)
        assert page.status == 302, (page.status, page.text[:2000])
        return self


def free_namespace() -> str:
    """A namespace nobody has."""
    return f"team-{environment.WEB_PORT}-{next(_count)}"


def somebody(who: str) -> Person:
    """A browser with an address that has no account."""
    return Person(email=people.fresh_address(who))
