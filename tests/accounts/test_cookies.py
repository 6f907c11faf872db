"""One cookie, and only where somebody signs in (V4, P16)."""

import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from accounts.models import SessionRow
from tests import people
from tests.people import Browser

ROOT = Path(__file__).resolve().parents[2]
PUBLIC = ("/", "/docs", "/docs/errors", "/llms.txt", "/healthz", "/static/site.css", "/nowhere", "/favicon.ico")
NAMES = (
    "SESSION_COOKIE_NAME",
    "SESSION_COOKIE_SECURE",
    "SESSION_COOKIE_HTTPONLY",
    "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_DOMAIN",
    "SESSION_COOKIE_PATH",
    "CSRF_USE_SESSIONS",
    "MESSAGE_STORAGE",
)


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


def session_rows() -> set[str]:
    """The digest of every session that has a row."""
    return {row.digest for row in SessionRow.scan(consistent_read=True)}


def test_a_visitor_writes_no_row_before_a_code_is_asked_for(web):
    """H12: not by opening a page, nor by a wrong form, nor by a long way to go on to; and the cookie stays the one."""
    before, long_path = session_rows(), "/w/" + "é" * 3_000
    for _ in range(30):
        assert Browser().get("/login").cookies
    browser = Browser(cookies={"sessionid": "x" * 32})
    for path in (
        "/login?next=/w/none/",
        f"/login?next={quote(long_path)}",
        "/signup",
        "/login/code",
        "/account",
        "/workspaces",
        "/invites/none",
        "/admin/",
        "/w/none/",
    ):
        browser.get(path)
    browser.submit("/login", {"email": "no address"})
    browser.post("/login", {"email": "a@b.example", "csrfmiddlewaretoken": "wrong"})
    browser.post("/logout")
    assert session_rows() == before and set(browser.cookies) == {"sessionid"}
    assert len(browser.cookies["sessionid"]) < 4_000


def test_where_somebody_wanted_to_go_outlives_the_cookie_without_a_row(web):
    """H12"""
    browser, address = Browser(), people.fresh_address("onward")
    people.sign_in(browser, address)
    other = Browser()
    other.get("/account/email")
    page = other.follow(other.get("/login?next=/account/email"))
    page = other.post("/login", {"email": address})
    page = other.submit("/login/code", {"code": people.newest_code(address)})
    assert page.location == "/account/email"


def test_after_signing_out_the_message_needs_no_row(web):
    """H12"""
    browser, _ = people.person("leaving")
    browser.get("/account")
    before = session_rows()
    page = browser.follow(browser.post("/logout"))
    assert "You are signed out." in page.text and session_rows() < before


def test_a_private_page_is_never_cached(web):
    """K8"""
    browser, _ = people.person("cached")
    for path in ("/login", "/account", "/workspaces", "/w/none/"):
        assert browser.get(path).headers["cache-control"] == "no-store"


def test_in_production_the_cookie_is_bound_to_the_host():
    program = (
        f"import json; from imgapis import settings as s; print(json.dumps([getattr(s, n, None) for n in {NAMES}]))"
    )
    variables = {"SECRET_KEY": "ab1-c9" * 10, "PATH": "/usr/bin"}
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=variables, capture_output=True, timeout=60)
    assert json.loads(run.stdout) == [
        "__Host-sessionid",
        True,
        True,
        "Lax",
        None,
        None,
        True,
        "django.contrib.messages.storage.session.SessionStorage",
    ]
