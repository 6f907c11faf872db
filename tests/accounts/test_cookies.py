"""One cookie, and only where somebody signs in (V4, P16)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import people
from tests.people import Browser

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ("/", "/docs", "/docs/errors", "/llms.txt", "/healthz", "/static/site.css", "/nowhere", "/favicon.ico")
NAMES = (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_DOMAIN", "SESSION_COOKIE_PATH", "CSRF_USE_SESSIONS", "MESSAGE_STORAGE",
)  # fmt: skip


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_sets_no_cookie_and_reads_none(web, path):
    browser = Browser(cookies={"sessionid": "x" * 32})
    page = browser.get(path)
    assert page.cookies == () and "cookie" not in page.headers.get("vary", "").lower()


def test_every_page_of_a_persons_way_sets_the_session_alone(web):
    browser, address = Browser(), people.fresh_address("cookies")
    pages = [browser.get("/login"), browser.post("/login", {"email": "no address"})]
    people.sign_in_by_code(browser, address)
    pages += [
        browser.get(path) for path in ("/account", "/account/email", "/account/confirm", "/workspaces", "/w/none/")
    ]
    pages += [browser.post("/account/sessions/revoke"), browser.post("/logout", {"csrfmiddlewaretoken": "wrong"})]
    pages += [browser.submit("/account"), browser.get("/login"), browser.post("/logout")]
    lines = [line for page in pages for line in page.cookies]
    assert lines and {line.partition("=")[0] for line in lines} == {"sessionid"}
    new_cookies = [line for line in lines if "Max-Age=0" not in line]
    assert all("HttpOnly" in line and "SameSite=Lax" in line and "Path=/" in line for line in new_cookies)
    assert all("Domain" not in line for line in lines)


def test_a_private_page_is_never_cached(web):
    """K8"""
    browser, _ = people.person("cached")
    for path in ("/login", "/account", "/workspaces", "/w/none/"):
        assert browser.get(path).headers["cache-control"] == "no-store"


def test_in_production_the_cookie_is_bound_to_the_host():
    program = (
        f"import json; from imgapis import settings as s; print(json.dumps([getattr(s, n, None) for n in {NAMES}]))"
    )
    variables = {"SECRET_KEY": "k" * 60, "PATH": "/usr/bin"}
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=variables, capture_output=True, timeout=60)
    assert json.loads(run.stdout) == [
        "__Host-sessionid", True, True, "Lax", None, None, True,
        "django.contrib.messages.storage.session.SessionStorage",
    ]  # fmt: skip
