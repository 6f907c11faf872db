"""The same three people everywhere, an owner, a teammate and a stranger: their browsers, mails and sessions."""

import email
import email.policy
import html
import http.client
import itertools
import os
import re
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import auth
from django.http import HttpRequest

from accounts import decorators
from accounts.models import Person, User
from accounts.people import email_addresses, people
from accounts.sessions.sessions import SessionStore
from accounts.views.login import BACKEND
from accounts.workspaces import workspaces
from imgapis.base import clock
from tests import environment

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
CODE = re.compile(r"^ *([0-9]{8}(?:[0-9]{4})?)\s*$", re.MULTILINE)
BLOCK_TAG = re.compile(
    r" ?(</?(?:body|caption|d[dlt]|div|fieldset|footer|form|h[1-6]|head(?:er)?|html|legend|li|main|nav|ol"
    r"|opt(?:group|ion)|p|section|summary|table|tbody|t[dhr]|thead|title|ul)\b[^>]*>) ?"
)
VERBATIM = re.compile(r"(<(?:pre|textarea)\b.*?</(?:pre|textarea)>)", re.DOTALL)
_numbers = itertools.count(1)
_mails: dict[str, EmailMessage] = {}


@dataclass(frozen=True)
class Page:
    """What the site answered; header names are lower-case, the text is unescaped as a reader sees it."""

    status: int
    headers: dict[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The page with its entities resolved; of HTML, the white space as it is shown."""
        text = self.body.decode()
        is_html = self.headers.get("content-type", "").startswith("text/html")
        return html.unescape(as_shown(text) if is_html else text)

    @property
    def location(self) -> str:
        """Where a redirect leads; empty where there is none."""
        return self.headers.get("location", "")


def as_shown(page: str) -> str:
    """HTML with its white space as a browser shows it: one space for many, none beside a block's tags, and each where
    it is typed or preformatted."""
    parts = VERBATIM.split(page)
    parts[::2] = [BLOCK_TAG.sub(r"\1", re.sub(r"\s+", " ", part)) for part in parts[::2]]
    return "".join(parts)


@dataclass
class Browser:
    """A browser without JavaScript: it keeps cookies, and sends the form token of the last page it saw."""

    port: int = environment.WEB_PORT
    cookies: dict[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, path: str, **headers: str) -> Page:
        """Open a page; redirects are not followed."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: dict | None = None, **headers: str) -> Page:
        """Send a form, with the last page's token where `fields` names none. Redirects are not followed."""
        sent = {"csrfmiddlewaretoken": self.token, **(fields or {})}
        return self._ask("POST", path, urlencode(sent, doseq=True), headers)

    def submit(self, path: str, fields: dict | None = None) -> Page:
        """Open the page of a form, then send it."""
        self.get(path)
        return self.post(path, fields)

    def follow(self, page: Page) -> Page:
        """The page at the end of the redirects."""
        while page.location:
            parts = urlsplit(page.location)
            page = self.get(parts.path + (f"?{parts.query}" if parts.query else ""))
        return page

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Page:
        named = {"Host": f"localhost:{self.port}"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if body is not None:
            named.setdefault("Content-Type", "application/x-www-form-urlencoded")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return self._keep(answer, answer.read())
        finally:
            connection.close()

    def _keep(self, answer: http.client.HTTPResponse, body: bytes) -> Page:
        set_cookies = tuple(answer.headers.get_all("Set-Cookie") or ())
        for line in set_cookies:
            for name, morsel in SimpleCookie(line).items():
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.value
        found = TOKEN.search(body.decode(errors="replace"))
        self.token = found[1] if found else self.token
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Page(answer.status, headers, body, set_cookies)


def mails(to: str | None = None) -> list[EmailMessage]:
    """What the test server has mailed, oldest first; to one address where it is named."""
    folder = Path(environment.FOLDER) / "mail"
    written = {name for name in os.listdir(folder) if name.endswith(".eml")} if folder.exists() else set()
    for name in sorted(written - _mails.keys()):  # a mail is written once and whole
        _mails[name] = email.message_from_bytes((folder / name).read_bytes(), policy=email.policy.default)
    read = [_mails[name] for name in sorted(_mails)]
    return [message for message in read if to is None or message["To"] == to]


def newest_code(to: str) -> str:
    """The code of the newest mail to an address."""
    return CODE.findall(mails(to)[-1].get_body().get_content())[-1]


def fresh_address(who: str) -> str:
    """An address nobody has used."""
    return f"{who}-{next(_numbers)}-{os.getpid()}@example.com"


def ask_code(browser: Browser, address: str, after: str = "") -> str:
    """Ask for a code on the sign-in page and read it in the mail."""
    browser.submit("/login" + (f"?{urlencode({'next': after})}" if after else ""), {"email": address})
    return newest_code(address)


def sign_in_by_code(browser: Browser, address: str, after: str = "") -> Page:
    """Sign in through the front door, and up where the address is new; the page it ends on, redirects followed."""
    code = ask_code(browser, address, after)
    page = browser.follow(browser.submit("/login/code", {"code": code}))
    if 'name="adult"' in page.text:
        namespace = namespace_of(address)
        answers = {"adult": "on", "business_name": f"{namespace} business", "namespace": namespace}
        page = browser.follow(browser.post("/signup", answers))
    return page


def sign_in(browser: Browser, address: str, after: str = "") -> Page:
    """Be signed in, with an account and a workspace where the address is new: the rows and the cookie that signing in
    by a code ends with. The page it ends on, redirects followed."""
    address = email_addresses.canonical(address)
    person, goal = people.of_email(address), after or "/workspaces"
    if person is None:
        person = people.create(address)
        if not after.startswith("/invites/"):
            namespace = namespace_of(address)
            workspaces.create(person.person_id, namespace=namespace, business_name=f"{namespace} business")
            goal = f"/w/{namespace}"
    browser.cookies[settings.SESSION_COOKIE_NAME] = new_session(person)
    page = browser.follow(browser.get(goal))
    if not TOKEN.search(page.text):
        browser.get("/account")  # signing in at the front door leaves a form's token too
    return page


def new_session(person: Person) -> str:
    """The key of a new session of somebody who has just proved who they are."""
    request = HttpRequest()
    request.session = SessionStore()
    auth.login(request, User.of(person), backend=BACKEND)
    request.session["fresh_until"] = clock.now() + decorators.FRESH_SECONDS
    request.session.save()
    return request.session.session_key


def namespace_of(address: str) -> str:
    """The namespace of the workspace that a new person founds: the end of the address's local part."""
    return re.sub("[^a-z0-9]+", "-", address.partition("@")[0].lower())[-40:].lstrip("-")


def person(who: str, after: str = "") -> tuple[Browser, str]:
    """A new person, signed in: the browser and the address."""
    browser, address = Browser(), fresh_address(who)
    sign_in(browser, address, after)
    return browser, address
