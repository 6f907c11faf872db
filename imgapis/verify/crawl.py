"""Every page in Chromium: the hosts it contacts, the cookies and storage it leaves, its CSP violations.

A program of its own, `python -m imgapis.verify.crawl SITE [NAME=VALUE]`, which prints JSON; it needs Playwright, one of
the requirements of the tests, and a Chromium on this machine.
"""

import json
import shutil
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOST_PAGES = 90
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
LEAVES = ("/logout", ".csv", ".json", ".md", ".txt", ".zip")


@dataclass
class Observed:
    """What the browser saw: the paths of pages, the hosts that were asked, the names of cookies and of what is in the
    browser's storage, and reports of violations."""

    pages: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    cookies: set[str] = field(default_factory=set)
    storage: set[str] = field(default_factory=set)
    reports: list[str] = field(default_factory=list)


def browser() -> str | None:
    """The path of a Chromium; None where there is none, or nothing to drive it."""
    try:
        import playwright  # noqa: F401
    except ImportError:
        return None
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def crawl(site: str, cookie: str = "") -> dict[str, list[str]]:
    """Follow every link within the site; `cookie` (NAME=VALUE) signs in. Returns lists: `pages`, `hosts`, `cookies`,
    `storage`, `reports`."""
    from playwright.sync_api import sync_playwright

    observed = Observed()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser(), args=list(FLAGS))
        context = chromium.new_context()
        if cookie:
            name, _, value = cookie.partition("=")
            context.add_cookies([{"name": name, "value": value, "url": site}])
        page = context.new_page()
        page.on("request", lambda request: observed.hosts.add(urlsplit(request.url).hostname or ""))
        page.on("console", lambda message: _listen(observed, page.url, message.text))
        queue = ["/workspaces"] if cookie else ["/"]
        visited: set[str] = set()
        while queue and len(visited) < MOST_PAGES:
            path = queue.pop(0)
            if path not in visited:
                visited.add(path)
                queue += _visit(page, site, path, observed)
        observed.cookies = {entry["name"] for entry in context.cookies()}
        chromium.close()
    return {name: sorted(values) for name, values in vars(observed).items()}


def _visit(page: "Page", site: str, path: str, observed: Observed) -> list[str]:
    """Open a page and record what it left; returns the paths it links to."""
    page.goto(site + path, wait_until="load")
    observed.pages.append(path)
    observed.storage |= set(page.evaluate("[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"))
    links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    own_links = [urlsplit(link) for link in links if urljoin(link, "/") == site + "/"]
    return [link.path for link in own_links if not link.path.endswith(LEAVES)]


def _listen(observed: Observed, page_url: str, text: str) -> None:
    if "Content Security Policy" in text or "Content-Security-Policy" in text:
        observed.reports.append(f"{urlsplit(page_url).path}: {text}")


if __name__ == "__main__":
    print(json.dumps(crawl(*sys.argv[1:])))
