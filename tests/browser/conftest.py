"""A real Chromium at the real web server: its requests, its console errors, its cookies."""

import shutil
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Page, sync_playwright

from tests import environment, people
from tests.browser.drawings import Drawings

SITE = f"http://localhost:{environment.WEB_PORT}"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass
class Window:
    """A browser window. `foreign` are the URLs requested from other hosts, `complaints` the console's errors."""

    context: BrowserContext
    page: Page
    email: str
    namespace: str = ""
    foreign: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> int:
        """Open a path of the site; returns the status."""
        return self.page.goto(SITE + path).status

    def click(self, role: str, name: str, exact: bool = False) -> None:
        """Click what leads to a page, and wait until that page has loaded: a click alone does not wait."""
        with self.page.expect_navigation():
            self.page.get_by_role(role, name=name, exact=exact).first.click()

    def sign_in_by_code(self, next_path: str = "/login") -> None:
        """Type the address and the code of the mail."""
        self.go(next_path)
        self.page.get_by_label("E-mail address").fill(self.email)
        self.click("button", "Mail me a code")
        self.page.get_by_label("Eight-digit code").fill(people.newest_code(self.email))
        self.click("button", "Go on")

    def sign_up(self) -> None:
        """Sign in as a new person by cookie, and open the page of their workspace."""
        browser = people.Browser()
        self.namespace = people.namespace_of(self.email)
        people.sign_in(browser, self.email)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "value": browser.cookies[settings.SESSION_COOKIE_NAME]}
        self.context.add_cookies([cookie | {"url": SITE, "httpOnly": True, "sameSite": "Lax"}])
        self.go(f"/w/{self.namespace}/")

    def sign_up_by_code(self) -> None:
        """Sign in by code as a new person, and create a workspace."""
        self.sign_in_by_code()
        self.namespace = f"seen-{people.fresh_address('x').split('@')[0]}"
        self.page.get_by_label("Business name").fill("Seen & Sons")
        self.page.get_by_label("Namespace").fill(self.namespace)
        self.page.get_by_label("I am 16 or older.").check()
        self.click("button", "Begin")

    def confirm(self) -> None:
        """Confirm the session by code, if the page asks for it."""
        if "/account/confirm" in self.page.url:
            self.click("button", "Mail me a code")
            self.page.get_by_label("Eight-digit code").fill(people.newest_code(self.email))
            self.click("button", "Go on")


@pytest.fixture(scope="session")
def chromium():
    """The machine's Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine: install it to run the browser tests")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def drawings(chromium):
    """A page of Chromium that draws pictures: `drawings.still(data, "image/png")`, `drawings.frames(data, ...)`."""
    page_of_drawings = Drawings(chromium)
    yield page_of_drawings
    page_of_drawings.close()


@pytest.fixture
def window(web, chromium):
    """A function that opens windows, each with cookies of its own."""
    windows: list[Window] = []

    def make(who: str, **options) -> Window:
        context = chromium.new_context(**options)
        context.set_default_timeout(15_000)
        browser_window = Window(context, context.new_page(), people.fresh_address(who))
        browser_window.page.on("request", lambda request: _note(browser_window, request.url))
        browser_window.page.on("console", lambda message: _listen(browser_window, message))
        windows.append(browser_window)
        return browser_window

    yield make
    for browser_window in windows:
        browser_window.context.close()


def _note(browser_window: Window, url: str) -> None:
    host = url.split("/")[2].split(":")[0] if "//" in url else ""
    if url.startswith("http") and host != "localhost" and not host.endswith(".localhost"):
        browser_window.foreign.append(url)


def _listen(browser_window: Window, message) -> None:
    if message.type == "error" and "Failed to load resource" not in message.text:
        browser_window.complaints.append(message.text)
